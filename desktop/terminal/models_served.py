"""`lapis models pull ollama:gemma2:9b`: an Ollama fetches the model, and keeps it. Main thread."""

import threading

from desktop.base.translation import Translator
from desktop.domain.connection import PullProgress
from desktop.domain.errors import NotSupported
from desktop.domain.model import InstalledModel
from desktop.domain.quantities import part_of, speed
from desktop.domain.text import Text
from desktop.services.connections import Connections
from desktop.terminal.errors import EXIT_INTERRUPTED, EXIT_OK
from desktop.terminal.output import Screen
from desktop.terminal.ready import is_ready


def pull_served(
    model: InstalledModel,
    connections: Connections,
    words: Translator,
    screen: Screen,
    cancel: threading.Event,
) -> int:
    """Have its Ollama fetch `model` and return the exit code; raises LapisError."""
    if not model.name.startswith("ollama"):
        raise NotSupported(
            Text("{name} cannot be fetched from here", {"name": model.name}),
            Text("Only an Ollama fetches models when it is told to."),
        )
    screen.status.allow()
    for progress in connections.pull(model.server, model.title, cancel):
        screen.status.show(_line(progress, words))
    screen.status.clear()
    if cancel.is_set():
        screen.note(words.say("Paused. The same command goes on from here."))
        return EXIT_INTERRUPTED
    screen.line(is_ready(model.name, words))
    return EXIT_OK


def _line(progress: PullProgress, words: Translator) -> str:
    if not progress.total:
        return progress.step
    parts = [
        f"{progress.done / progress.total:4.0%}",
        words.say(part_of(progress.done, progress.total)),
    ]
    if progress.bytes_per_second:
        parts.append(speed(progress.bytes_per_second))
    return "  ".join(parts)
