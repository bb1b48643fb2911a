"""The engine's figures, each a ratio from one run: what `lapis bench` measures, and a little more.

On a generated model of real shape, a generated model that copies, and the built-in guide.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from desktop.base.paths import paths_under, resources
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.domain.settings import Settings
from desktop.services.bench import open_desk
from desktop.services.bench_desk import Desk
from desktop.services.bench_history import measure_history
from desktop.services.bench_speed import measure_speed
from desktop.services.bench_stop import measure_stop
from desktop.services.bench_together import measure_beside, measure_two
from desktop.services.bench_values import Doing, Effort, Item, Result, Skipped
from desktop.services.engine import Engine
from desktop.services.planning import plan_for
from installers.dev.places import cache_folder
from tests.bench.engine_busy import measure_busy
from tests.bench.engine_guesses import measure_guesses
from tests.bench.engine_turns import measure_turns
from tests.bench.measure import Figure
from tests.bench.shapes import copier, gemma2_2b

FULL: Final = Effort(fewest=5, most=15, seconds=300.0, history=4000, reading=240.0, stops=50)
QUICK: Final = Effort(fewest=1, most=2, seconds=10.0, history=600, reading=60.0, stops=5)

_TOLD_SECONDS: Final = 5.0

GEMMA, GUIDE, COPIER = "gemma2-2b", "guide", "copier-1b"
MODELS: Final = (GEMMA, GUIDE, COPIER)
# The contract: what each figure has to be, and whether at least or at most.
_LIMITS: Final[Mapping[str, tuple[float, bool]]] = {
    "prefill": (0.98, True),
    "decode": (0.98, True),
    "depth": (1.02, False),
    "second_turn": (1.1, False),
    "restart": (0.15, False),
    "two_at_once": (1.3, True),
    "short_beside": (2.0, False),
    "stop": (100.0, False),
}


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured: names of parts and models, none for all; `models` is where files are kept."""

    parts: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    folder: Path | None = None
    quick: bool = False
    bindings: bool = False


def _speed(desk: Desk, model: str, options: Options) -> Iterator[Figure]:
    threads = desk.loaded.plan.threads
    yield from _told(measure_speed(desk, threads, bindings=options.bindings, guesses=False), model)


def _history(desk: Desk, model: str, _options: Options) -> Iterator[Figure]:
    yield from _told(measure_history(desk, keeps_states=True), model)


def _together(desk: Desk, model: str, _options: Options) -> Iterator[Figure]:
    yield from _told(measure_two(desk), model)
    yield from _told(measure_beside(desk), model)


def _stop(desk: Desk, model: str, _options: Options) -> Iterator[Figure]:
    yield from _told(measure_stop(desk), model)


def _turns(desk: Desk, _model: str, _options: Options) -> Iterator[Figure]:
    yield from measure_turns(desk)


def _busy(desk: Desk, _model: str, _options: Options) -> Iterator[Figure]:
    yield measure_busy(desk)


def _guesses(desk: Desk, model: str, _options: Options) -> Iterator[Figure]:
    yield from measure_guesses(desk, model)


_PARTS: Final[Mapping[str, Callable[[Desk, str, Options], Iterator[Figure]]]] = {
    "speed": _speed,
    "history": _history,
    "together": _together,
    "stop": _stop,
    "turns": _turns,
    "busy": _busy,
    "guesses": _guesses,
}
PARTS: Final = tuple(_PARTS)
# What each model is good for; the copier is not one that is talked with.
_USED_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    GEMMA: PARTS,
    GUIDE: PARTS,
    COPIER: ("turns", "guesses"),
}


def measure(folder: Path, options: Options) -> list[Figure]:
    """Return the figures and print each as it comes; `folder` takes data."""
    figures: list[Figure] = []
    effort = QUICK if options.quick else FULL
    for name in options.models or MODELS:
        parts = [part for part in options.parts or PARTS if part in _USED_FOR[name]]
        if not parts:
            continue
        model = _model(name, options.folder or cache_folder() / "bench")
        print(f"{model.name}: loading", flush=True)
        with _desk(folder, model, effort) as desk:
            for part in parts:
                for figure in _PARTS[part](desk, name, options):
                    print(f"  {name}: {_line(figure)}", flush=True)
                    figures.append(replace(figure, name=f"{name}: {figure.name}"))
    return figures


def _model(name: str, folder: Path) -> InstalledModel:
    match name:
        case "guide":
            path = resources() / "guide" / "guide.gguf"
        case "copier-1b":
            path = copier(folder)
        case _:
            path = gemma2_2b(folder)
    return InstalledModel(name, name, path, path.stat().st_size, is_guide=name == GUIDE)


@contextmanager
def _desk(folder: Path, model: InstalledModel, effort: Effort) -> Iterator[Desk]:
    """Give an engine of its own with `model` loaded as Lapis would load it."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        paths = paths_under(Path(home))
        paths.create()

        def plan(chosen: InstalledModel) -> LoadPlan:
            return plan_for(chosen, Settings())

        engine = Engine(plan, paths)
        try:
            yield open_desk(engine, model, effort, threading.Event())
        finally:
            engine.close()


def _told(items: Iterator[Item], model: str) -> Iterator[Figure]:
    """Print what `lapis bench` measures and how far it is; yield its figures with their limits."""
    told = 0.0
    for item in items:
        match item:
            case Doing(what):
                if time.monotonic() - told > _TOLD_SECONDS:
                    told = time.monotonic()
                    _say(str(what))
            case Skipped(name, reason=reason):
                _say(f"{name}: not measured: {reason}")
            case Result():
                for side in item.sides:
                    shown = max(side.values) if item.in_ms else side.median
                    _say(f"{side.label}: {shown:.2f} {item.unit} ({len(side.values)} values)")
                for text in item.more:
                    _say(str(text))
                limit, at_least = _LIMITS[item.name]
                unit = "ms" if item.in_ms else "×"
                # A process takes longer to start than the guide to read all it can hold.
                counts = (model, item.name) != (GUIDE, "restart")
                yield Figure(
                    item.name, unit, (item.figure,), limit if counts else None, at_least=at_least
                )


def _line(figure: Figure) -> str:
    return f"{figure.name} {figure.median:.3f} {figure.unit} {figure.verdict}".rstrip()


def _say(text: str) -> None:
    load = f"[load {os.getloadavg()[0]:.1f}] " if hasattr(os, "getloadavg") else ""
    print(f"    {load}{text}", flush=True)
