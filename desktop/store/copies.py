"""Copies of the database: one a day, those made before it was changed, and going back to one.

Any thread: every function opens what it needs. A copy is made without disturbing whoever writes at
the same time, and holds all but the index of words, which is made again where a copy is used.
"""

import logging
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from desktop.base.files import sync_file
from desktop.store import index
from desktop.store.connection import connect_reader, connect_unchanging
from desktop.store.faults import STORE_FAULTS
from desktop.store.migrations import blank, copies_folder
from desktop.store.migrations import copies as copies_before_changes

KEPT_DAYS = 7
_ROOM = 200_000_000
_STEPS_BETWEEN_LOOKS = 500

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that can be restored: when it was made (Unix seconds) and how many chats it holds."""

    path: Path
    made: float
    chats: int


def copies(path: Path) -> list[Copy]:
    """Return the copies of the database at `path` that can be read, newest first."""
    found: list[Copy] = []
    for file in copy_files(path):
        with suppress(*STORE_FAULTS), closing(connect_unchanging(file)) as connection:
            ((chats,),) = connection.execute("SELECT count(*) FROM chats WHERE deleted IS NULL")
            found.append(Copy(file, file.stat().st_mtime, chats))
    return found


def copy_files(path: Path) -> list[Path]:
    """Return the files of all copies of the database at `path`, newest first."""
    found: list[tuple[float, Path]] = []
    for file in (*daily_files(path), *copies_before_changes(path)):
        # The thread that makes copies may just have removed an old one.
        with suppress(FileNotFoundError):
            found.append((file.stat().st_mtime, file))
    return [file for _, file in sorted(found, reverse=True)]


def daily_files(path: Path) -> list[Path]:
    """Return the files of the daily copies, oldest first."""
    days = "[0-9]" * 4 + "-[0-9][0-9]-[0-9][0-9]"
    return sorted(copies_folder(path).glob(f"{path.stem}-daily-{days}{path.suffix}"))


def keep_daily(path: Path, *, now: float, stop: Event | None = None) -> Path | None:
    """Copy the database at `path` if there is no copy of this day yet; return the new copy.

    The newest seven are kept. Nothing is copied where no chat is, nor where the disk is nearly
    full. `now` in Unix seconds; once `stop` is set it ends soon, without a copy. Raises
    sqlite3.Error and OSError.
    """
    day = time.strftime("%Y-%m-%d", time.localtime(now))
    target = copies_folder(path) / f"{path.stem}-daily-{day}{path.suffix}"
    if target.exists() or not holds_messages(path) or not _has_room(path):
        return None
    target.parent.mkdir(mode=0o700, exist_ok=True)
    for left_over in target.parent.glob(f"{path.stem}-daily-*-new*"):
        # Of a day on which Lapis was killed: nobody else would ever remove it.
        left_over.unlink(missing_ok=True)
    unfinished = blank(target)
    try:
        _copy(path, unfinished, stop)
        # SQLite leaves the copy to the system's cache.
        sync_file(unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    # Days to come are of a clock that went wrong, and must not push out today's.
    kept = sorted(daily_files(path), key=lambda file: (file.name <= target.name, file.name))
    for old in kept[:-KEPT_DAYS]:
        old.unlink(missing_ok=True)
    return target


def holds_messages(path: Path) -> bool:
    """Return whether anything was ever said in the database at `path`.

    Raises sqlite3.Error and OSError.
    """
    with closing(connect_reader(path)) as connection:
        return connection.execute("SELECT 1 FROM messages LIMIT 1").fetchone() is not None


def _has_room(path: Path) -> bool:
    size = path.stat().st_size
    if shutil.disk_usage(path.parent).free > 3 * size + _ROOM:
        return True
    _log.warning("too little room for the daily copy")
    return False


def _copy(path: Path, target: Path, stop: Event | None) -> None:
    """Write what is in `path` into the empty file `target`."""
    with closing(connect_reader(path)) as source:
        _end_with(source, stop)
        source.execute("VACUUM INTO ?", (str(target),))
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        _end_with(copy, stop)
        # Nobody else knows the file yet, and after an interruption it goes.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        index.begin_anew(copy)
        copy.execute("VACUUM")


def _end_with(connection: sqlite3.Connection, stop: Event | None) -> None:
    if stop is not None:
        connection.set_progress_handler(stop.is_set, _STEPS_BETWEEN_LOOKS)
