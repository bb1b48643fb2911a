"""Model files below a folder, found by their names: fast over thousands, and opening none.

A model is one file, or all parts of a split one; with a part missing it is no model yet. Any
thread.
"""
# ruff: noqa: PTH113, PTH116, PTH118, PTH208 - a Path for each file would take longer than the disk does

import os
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from desktop.models.projectors import is_projector, pairs
from desktop.models.split import part_path, split_name

_SUFFIX: Final = ".gguf"
_DEPTH: Final = 8
_MOST_PARTS: Final = 1000


class FoundModel(NamedTuple):
    """A model as the disk shows it: a tuple, with paths as texts, for there may be thousands.

    `path` is its (first) file, called `name`, which in truth lies at `real`; `files` are all its
    files. `size` in bytes, of all together; `first_size` and `changed` (ns since 1970) belong to
    the first one, and so does `identity`, the same for two names of one content (0, 0 where nobody
    knows). Sizes and times are 0 for what cannot be looked at.
    """

    path: str
    name: str
    real: str
    files: tuple[str, ...]
    size: int = 0
    first_size: int = 0
    changed: int = 0
    identity: tuple[int, int] = (0, 0)
    projector: str | None = None


def walk(folder: str, may_look: Callable[[], bool] | None = None) -> Iterator[FoundModel]:
    """Yield the models below `folder`, following links but never in a circle.

    What is hidden is passed over, and so is what lies deeper than eight folders. `may_look` is
    asked for every name, and ends the walk when it returns False.
    """
    seen: set[str] = set()
    waiting = [(folder, os.path.realpath(folder), 0)]
    while waiting:
        here, real, depth = waiting.pop()
        if depth > _DEPTH or real in seen:
            continue
        seen.add(real)
        files: dict[str, os.DirEntry[str]] = {}
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if may_look is not None and not may_look():
                        return
                    name = entry.name
                    if name[0] == ".":
                        continue
                    if _is_folder(entry):
                        # On Windows a folder may be another one without being a link.
                        is_linked = os.name == "nt" or entry.is_symlink()
                        below = (
                            os.path.realpath(entry.path) if is_linked else f"{real}{os.sep}{name}"
                        )
                        waiting.append((entry.path, below, depth + 1))
                    elif _is_model_file(name):
                        files[name] = entry
        except OSError:  # gone meanwhile, or not ours to read
            pass
        if files:
            yield from _models(here, real, files)


def model_at(path: str) -> FoundModel | None:
    """Return the model whose (first) file is `path`; None if it is no file or lacks a part."""
    if not os.path.isfile(path):
        return None
    folder, name = os.path.split(path)
    try:
        names = frozenset(os.listdir(folder or "."))
    except OSError:  # a folder may let through and not be listed
        names = frozenset({name})
    parts = _parts(name, names)
    if not parts:
        return None
    paths = tuple(os.path.join(folder, part) for part in parts)
    looks = [_look(each) for each in paths]
    size = sum(0 if look is None else look.st_size for look in looks)
    projector = pairs({each for each in names if _is_model_file(each)} | {name}).get(name)
    return _found(
        path,
        name,
        os.path.realpath(path),
        paths,
        size,
        looks[paths.index(path)] if path in paths else None,
        projector and os.path.join(folder, projector),
    )


def _models(here: str, real: str, files: Mapping[str, "os.DirEntry[str]"]) -> Iterator[FoundModel]:
    projectors = pairs(files) if len(files) > 1 else {}
    for name, entry in files.items():
        if is_projector(name):
            continue
        parts: tuple[str, ...] = (name,)
        if "-of-" in name:
            split = split_name(Path(name))
            parts = _parts(name, files) if split is None or split[1] == 1 else ()
            if not parts:
                continue
        look = _look_of(entry)
        size = 0 if look is None else look.st_size
        if len(parts) > 1:
            size += sum(_size_of(files[part]) for part in parts[1:])
        place = f"{real}{os.sep}{name}"
        yield _found(
            entry.path,
            name,
            os.path.realpath(place) if entry.is_symlink() else place,
            (entry.path,) if len(parts) == 1 else tuple(files[part].path for part in parts),
            size,
            look,
            os.path.join(here, projectors[name]) if name in projectors else None,
        )


def _found(
    path: str,
    name: str,
    real: str,
    files: tuple[str, ...],
    size: int,
    look: os.stat_result | None,
    projector: str | None,
) -> FoundModel:
    if look is None:
        return FoundModel(path, name, real, files, size, projector=projector)
    identity = (look.st_dev, look.st_ino)
    return FoundModel(
        path, name, real, files, size, look.st_size, look.st_mtime_ns, identity, projector
    )


def _parts(name: str, names: Container[str]) -> tuple[str, ...]:
    """Return the names of all files of the model `name`; () if one of them is not in `names`."""
    split = split_name(Path(name)) if "-of-" in name else None
    if split is None:
        return (name,)
    _, _, count = split
    if count > _MOST_PARTS:
        return ()
    parts = tuple(part_path(Path(name), part, count).name for part in range(1, count + 1))
    return parts if all(part in names for part in parts) else ()


def _is_model_file(name: str) -> bool:
    return name.casefold().endswith(_SUFFIX)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _look(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _look_of(entry: "os.DirEntry[str]") -> os.stat_result | None:
    try:
        # On Windows an entry of a folder knows neither its volume nor its number.
        return os.stat(entry.path) if os.name == "nt" else entry.stat()
    except OSError:
        return None


def _size_of(entry: "os.DirEntry[str]") -> int:
    look = _look_of(entry)
    return 0 if look is None else look.st_size
