"""A benchmark of one model: Lapis against llama.cpp's bare loop and llama-cpp-python.

Main thread, no timers of its own: a generator that measures while it is read. All sides take turns
in one run, so the ratios mean something on a computer that also does other things; the figures
themselves belong to this computer and this hour.
"""

import threading
from collections.abc import Generator

from desktop.domain.engine import Phase
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.models.gguf import read_gguf
from desktop.services.bench_asking import Watching
from desktop.services.bench_desk import Desk, or_skipped
from desktop.services.bench_history import measure_history
from desktop.services.bench_speed import measure_speed
from desktop.services.bench_stop import measure_stop
from desktop.services.bench_texts import Texts
from desktop.services.bench_together import measure_beside, measure_two
from desktop.services.bench_values import Doing, Effort, Item, Subject
from desktop.services.engine import Engine


def open_desk(
    engine: Engine, model: InstalledModel, effort: Effort, cancel: threading.Event
) -> Desk:
    """Load `model` into `engine` and get to know it; raises LapisError or Stopped."""
    watching = Watching(engine, cancel)
    engine.choose(model)
    state = watching.until(lambda state: state.phase is Phase.READY)
    if state.loaded is None:
        msg = "ready without a model"
        raise RuntimeError(msg)
    texts = Texts(engine, state.loaded.n_ctx, cancel)
    info = read_gguf(model.path)
    return Desk(engine, info, state.loaded, texts, watching, effort, cancel)


def bench(
    engine: Engine,
    model: InstalledModel,
    effort: Effort,
    cancel: threading.Event,
    *,
    keeps_states: bool,
) -> Generator[Item, None, None]:
    """Yield what is done and what is found; `engine` is fresh, and its caller closes it.

    `keeps_states` says whether KV states outlive the engine process. Raises LapisError, or Stopped
    once `cancel` is set.
    """
    yield Doing(Text("Loading the model"))
    desk = open_desk(engine, model, effort, cancel)
    threads = desk.loaded.plan.threads
    yield Subject(model, desk.loaded, threads, plain=desk.texts.plain)
    yield from or_skipped(
        "speed",
        Text("Reading and writing, as a share of llama.cpp's bare loop."),
        measure_speed(desk, threads),
    )
    yield from or_skipped(
        "history",
        Text("A long conversation."),
        measure_history(desk, keeps_states=keeps_states),
    )
    yield from or_skipped("two_at_once", Text("Two answers at once."), measure_two(desk))
    yield from or_skipped(
        "short_beside", Text("A short question beside a long answer."), measure_beside(desk)
    )
    yield from or_skipped("stop", Text("Stopping an answer."), measure_stop(desk))
