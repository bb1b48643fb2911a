"""Deleted models: kept whole inside the models folder until nobody can want them back any more.

A model that is deleted goes to `.trash` in its folder of models, on the same disk and therefore at
once; undoing brings it back from there. When the process that deleted it ends (or the next one
begins), it is handed over to the system's trash. Where there is none, it stays, is counted, and can
be brought back or removed for good. A crash at any point leaves it whole in one of the places. Any
thread.
"""

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from desktop.base.disk_faults import told_about
from desktop.base.files import make_folder, write_atomically
from desktop.base.owner import is_mark, is_orphan, is_ours, mark
from desktop.base.path_text import path_of, text_of
from desktop.domain.errors import StorageError
from desktop.domain.text import Text
from desktop.services.shelf_faults import is_there_already
from desktop.system.trash import to_trash

TRASH: Final = ".trash"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deleted:
    """A model that was deleted and can be brought back.

    `size` is what the disk gets back once it is gone for good, in bytes: nothing for a file that
    has another name elsewhere. `deleted_at` in Unix seconds.
    """

    key: str
    name: str
    size: int
    deleted_at: float


@dataclass(frozen=True, slots=True)
class _Note:
    """What lies in a folder of the trash: paths as they were below the models folder."""

    name: str
    size: int
    deleted_at: float
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """One deleted model of the models folder `root`."""

    root: Path
    key: str
    note: _Note

    @property
    def folder(self) -> Path:
        return self.root / TRASH / self.key

    @property
    def note_file(self) -> Path:
        return self.root / TRASH / f"{self.key}.json"

    def pairs(self) -> Iterator[tuple[Path, Path]]:
        """Yield each file with the place it came from."""
        for text in self.note.files:
            inside = path_of(text)
            yield self.folder / inside, self.root / inside


class Bin:
    """The deleted models of the folders that `roots` returns."""

    def __init__(
        self,
        roots: Callable[[], Sequence[Path]],
        gone: Callable[[Sequence[Path]], None],
        *,
        trash: Callable[[Path, Path], bool] = to_trash,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Touch nothing yet. `gone` is told of the paths whose models will not come back."""
        self._roots = roots
        self._gone = gone
        self._trash = trash
        self._now = now
        self._lock = threading.Lock()

    def put(self, root: Path, name: str, files: Sequence[Path]) -> Deleted:
        """Move `files`, all below `root`, into its trash; raises StorageError, and none is moved."""
        size = sum(map(_freed, files))
        inside = tuple(text_of(file.relative_to(root)) for file in files)
        item = _Item(root, mark(), _Note(name, size, self._now(), inside))
        with self._lock, told_about(root):
            make_folder(item.folder)
            write_atomically(item.note_file, msgspec.json.encode(item.note))
            try:
                for kept, original in item.pairs():
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    original.rename(kept)
            except OSError:
                _bring_back(item)
                raise
            for file in files:
                _remove_empty(file.parent, root)
        return _deleted(item)

    def undo(self, deleted: Deleted) -> None:
        """Put everything back where it was; raises StorageError, and then nothing was moved."""
        with self._lock:
            item = next((one for one in self._items() if one.key == deleted.key), None)
            if item is None:
                raise StorageError(
                    Text("This model cannot be brought back from here any more"),
                    Text("Look into the trash of the system."),
                )
            for kept, original in item.pairs():
                if os.path.lexists(original):
                    raise is_there_already(original.name)
                if not os.path.lexists(kept):
                    raise StorageError(
                        Text("This model cannot be brought back: a file of it is gone"),
                        Text("What is left of it is in {folder}.", {"folder": str(item.folder)}),
                    )
            with told_about(item.root):
                _bring_back(item)

    def content(self) -> list[Deleted]:
        """Return what can be brought back, the newest first."""
        found = [_deleted(item) for item in self._items()]
        return sorted(found, key=lambda each: each.deleted_at, reverse=True)

    def settle(self) -> None:
        """Finish what processes that are gone have left: whole models are handed over.

        What was only half deleted when a process was killed comes back.
        """
        self._hand_over(is_orphan)

    def close(self) -> None:
        """Hand over what this process deleted."""
        self._hand_over(is_ours)

    def empty(self) -> int:
        """Remove for good what other running processes do not hold; return the bytes freed."""
        freed = 0
        with self._lock:
            for item in list(self._items()):
                if not (is_ours(item.key) or is_orphan(item.key)):
                    continue
                originals = [original for _, original in item.pairs()]
                with told_about(item.root):
                    if item.folder.exists():  # a person may have removed it by hand
                        shutil.rmtree(item.folder)
                    item.note_file.unlink(missing_ok=True)
                freed += item.note.size
                self._gone(originals)
        return freed

    def _hand_over(self, concerns: Callable[[str], bool]) -> None:
        with self._lock:
            for item in list(self._items()):
                if not concerns(item.key):
                    continue
                try:
                    self._hand_over_one(item)
                except OSError as error:
                    _log.warning("a deleted model stays: %s", error.strerror)

    def _hand_over_one(self, item: _Item) -> None:
        pairs = list(item.pairs())
        missing = [original for kept, original in pairs if not os.path.lexists(kept)]
        if any(os.path.lexists(original) for original in missing):
            # Killed while it was deleting, or while it was undone: part of it is still in place.
            _bring_back(item)
            return
        for kept, original in pairs:
            if os.path.lexists(kept) and not self._trash(kept, original):
                return
        self._gone([original for _, original in pairs])
        _discard(item)

    def _items(self) -> Iterator[_Item]:
        for root in self._roots():
            if (root / TRASH).is_symlink():
                continue
            for file in sorted((root / TRASH).glob("*.json")):
                if not is_mark(file.stem):
                    continue
                try:
                    note = msgspec.json.decode(file.read_bytes(), type=_Note)
                except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
                    _log.warning("a note of the trash is unreadable: %s", type(error).__name__)
                    continue
                item = _Item(root, file.stem, note)
                # Notes, and links, may come along with a disk from elsewhere.
                if not item.folder.is_symlink() and all(
                    _is_inside(kept, item.folder) and _is_inside(original, root)
                    for kept, original in item.pairs()
                ):
                    yield item


def used_by_trash(root: Path) -> int:
    """Return the bytes that deleted models of the folder `root` still take."""
    total = 0
    for here, _, names in os.walk(root / TRASH):
        total += sum(_freed(Path(here, name)) for name in names)
    return total


def _bring_back(item: _Item) -> None:
    for kept, original in item.pairs():
        if os.path.lexists(kept) and not os.path.lexists(original):
            original.parent.mkdir(parents=True, exist_ok=True)
            kept.rename(original)
    _discard(item)


def _discard(item: _Item) -> None:
    """Remove the empty folders of an item, and its note unless something is still in them."""
    for here, _, _ in os.walk(item.folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(here).rmdir()
    if not item.folder.exists():
        item.note_file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            item.note_file.parent.rmdir()


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove `folder` and those above it, below `root`, as far as nothing is in them."""
    with contextlib.suppress(OSError):
        while folder != root and folder.is_relative_to(root):
            folder.rmdir()
            folder = folder.parent


def _is_inside(file: Path, folder: Path) -> bool:
    """Return whether `file` is below `folder`, and no link on the way leads out of it."""
    if not file.is_relative_to(folder) or ".." in file.relative_to(folder).parts:
        return False
    if "\0" in str(file):  # no file can be called so
        return False
    return Path(os.path.realpath(file.parent)).is_relative_to(os.path.realpath(folder))


def _freed(file: Path) -> int:
    try:
        status = file.lstat()
    except OSError:
        return 0
    return status.st_size if status.st_nlink == 1 else 0


def _deleted(item: _Item) -> Deleted:
    return Deleted(item.key, item.note.name, item.note.size, item.note.deleted_at)
