"""Looking into folders that may be huge, slow, or not ours to read: with a bound, and cancellable.

Only names are looked at. Links are followed; whatever cannot be read is passed over. For a thread
that may wait: a network drive that does not answer holds up the call under way, and no other.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from desktop.base.cancelling import never

_ENTRIES: Final = 100_000
_SECONDS: Final = 20.0


class Effort:
    """How much one search may still look at; once it is used up, it stays so."""

    def __init__(
        self,
        cancelled: Callable[[], bool] = never,
        *,
        entries: int = _ENTRIES,
        seconds: float = _SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Allow `entries` names within `seconds`, as long as `cancelled` does not return True."""
        self._cancelled = cancelled
        self._entries = entries
        self._clock = clock
        self._end = clock() + seconds

    def spend(self) -> bool:
        """Tell whether one more name may be looked at, and count it."""
        if self._entries <= 0 or self._cancelled() or self._clock() > self._end:
            self._entries = 0
            return False
        self._entries -= 1
        return True


def folders_in(folder: Path, effort: Effort) -> list[Path]:
    """Return the folders in `folder` that are not hidden, by name."""
    entries = _entries(folder, effort)
    return [Path(each.path) for each in entries if each.name[:1] != "." and _is_folder(each)]


def folders_below(top: Path, effort: Effort, depth: int) -> Iterator[Path]:
    """Yield the folders below `top`, at most `depth` levels down, outer ones first."""
    for folder in folders_in(top, effort):
        yield folder
        if depth > 1:
            yield from folders_below(folder, effort, depth - 1)


def files_in(folder: Path, effort: Effort) -> list[Path]:
    """Return the regular files in `folder`, by name, links to such included."""
    return [Path(each.path) for each in _entries(folder, effort) if _is_regular(each)]


def is_regular(path: Path) -> bool:
    """Tell whether `path` is a regular file, or a link to one."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # longer than any name may be, or no name at all
        return False


def identity(path: Path) -> tuple[int, int] | str:
    """Return what two paths have in common that lead to one file, by links of whatever kind."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return str(path)
    if status.st_ino == 0:  # a file system without such numbers
        return os.path.normcase(os.path.realpath(path))
    return status.st_dev, status.st_ino


def _entries(folder: Path, effort: Effort) -> list[os.DirEntry[str]]:
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not effort.spend():
                    break
                found.append(entry)
    except (OSError, ValueError):
        return []
    found.sort(key=lambda entry: entry.name)
    return found


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_regular(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False
