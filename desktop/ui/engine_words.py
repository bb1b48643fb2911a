"""What the engine's state is called, in the header, the tray and the talk. GUI thread."""

from typing import Literal, TypeAlias

from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.domain.model import InstalledModel
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.ui.model_words import model_words
from desktop.ui.translation import say

__all__ = [
    "loading_words",
    "memory_words",
    "model_title",
    "short_title",
    "state_hint",
    "state_words",
]

Tone: TypeAlias = Literal["muted", "good", "bad"]


def model_title(model: InstalledModel | None) -> str:
    """Return what a model is called in the window."""
    if model is None:
        return say(Text("Choose a model"))
    return say(Text("Built-in guide")) if model.is_guide else model.title


def short_title(model: InstalledModel | None) -> str:
    """Return the same where there is little room: "Gemma 2 2B · Q4_K_M" of a file's name."""
    if model is None or model.is_guide or model.is_served:
        return model_title(model)
    return model_words(model.title)


def loading_words(state: EngineState) -> str:
    """Return how far loading has come: "Reading 3.1 of 5.4 GB"."""
    size = state.model.size if state.model is not None else 0
    if size <= 0 or state.progress <= 0:
        return say(Text("Starting the engine"))
    done = f"{size * state.progress / _unit(size):.{_digits(size)}f}"
    return say(Text("Reading {done} of {size}", {"done": done, "size": sized(size)}))


def state_words(state: EngineState) -> tuple[str, Tone]:
    """Return a few words and their tone; empty where nothing is loaded or was ever chosen."""
    match state.phase:
        case Phase.LOADING:
            return loading_words(state), "muted"
        case Phase.READY if state.model is not None and state.model.is_served:
            # Whether its server is there shows when it is asked.
            return "", "muted"
        case Phase.READY:
            return say(Text("Ready")), "good"
        case Phase.FAILED:
            return say(Text("Crashes here") if state.crashes_here else Text("Not loaded")), "bad"
        case Phase.IDLE if state.model is None:
            return "", "muted"
        case Phase.IDLE:
            sleeps = state.unloaded_idle
            return say(Text("Sleeping") if sleeps else Text("Not in memory")), "muted"


def state_hint(state: EngineState) -> str:
    """Return what `state_words` leaves open; empty where they say it all."""
    if state.phase is Phase.IDLE and state.model is not None:
        return say(Text("Loads again with the next question"))
    return ""


def memory_words(memory: EngineMemory) -> str:
    """Return what an engine holds: "2.4 GB", and beside it what lies on a graphics card."""
    own = sized(memory.resident)
    if not memory.gpu:
        return own
    return say(Text("{memory} + {gpu} on the GPU", {"memory": own, "gpu": sized(memory.gpu)}))


def _unit(size: int) -> int:
    return 10**9 if size >= 10**9 else 10**6


def _digits(size: int) -> int:
    return 1 if size >= 10**9 else 0
