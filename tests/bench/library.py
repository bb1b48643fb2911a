"""A library of 2,000 model files: how long its list takes, and how long reading all headers.

Each listing is done by a new `Shelf`, as a new start of Lapis has it: first with nothing known, then
with everything known from the file about models. The files are real ones, each in a folder of its
own, as downloads are kept.
"""

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

from desktop.base.paths import Paths, paths_under
from desktop.domain.settings import Settings
from desktop.models.places import Places, System
from desktop.services.shelf import Shelf
from tests.bench.measure import Figure, repeat
from tests.gguf_files import write_llama

_FILES = 2000
_PUBLISHERS = 20
_RUNS = 10
_LIMIT_MS = 200.0


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes some 300 MB."""
    paths = paths_under(folder / "data")
    paths.create()
    _fill(paths.models, write_llama(folder / "sample.gguf"))
    first = repeat(lambda: _list(_shelf(paths, folder), paths), _RUNS)
    headers = _scan(_shelf(paths, folder))
    known = repeat(lambda: _list(_shelf(paths, folder), None), _RUNS)
    shelf = _shelf(paths, folder)
    again = repeat(partial(_list, shelf, None, stays=True), _RUNS)
    shelf.close()
    return [
        Figure(f"list {_FILES:,} models, nothing known", "ms", first, _LIMIT_MS),
        Figure(f"list {_FILES:,} models, all known", "ms", known, _LIMIT_MS),
        Figure(f"list {_FILES:,} models once more", "ms", again, _LIMIT_MS),
        Figure(f"read {_FILES:,} headers", "s", (headers,)),
    ]


def _fill(models: Path, sample: Path) -> None:
    for number in range(_FILES):
        name = f"Tiny-{number:04d}-Q4_K_M"
        place = models / f"publisher-{number % _PUBLISHERS}" / name
        place.mkdir(parents=True)
        shutil.copyfile(sample, place / f"{name}.gguf")


def _shelf(paths: Paths, folder: Path) -> Shelf:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    places = Places(home, {}, system=System.LINUX, root=folder / "computer")
    return Shelf(paths, Settings, _nothing, folder / "sample.gguf", lambda: places)


def _nothing(change: Callable[[Settings], Settings]) -> None:
    """Keep no settings."""
    del change


def _list(shelf: Shelf, fresh: Paths | None, *, stays: bool = False) -> float:
    """Return how long the list takes, in ms; `fresh` names folders whose records go first."""
    if fresh is not None:
        for file in fresh.data.glob("models.db*"):
            file.unlink()
    start = time.perf_counter()
    entries = shelf.entries()
    took = (time.perf_counter() - start) * 1000
    assert len(entries) == _FILES + 1
    if fresh is None:
        assert all(entry.facts is not None for entry in entries)
    if not stays:
        shelf.close()
    return took


def _scan(shelf: Shelf) -> float:
    start = time.perf_counter()
    assert shelf.scan_headers(lambda _done, _total: None, Event()) == _FILES + 1
    took = time.perf_counter() - start
    shelf.close()
    return took
