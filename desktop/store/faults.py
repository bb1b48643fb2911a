"""What SQLite and the disk report, as a person reads it: translated here and nowhere else.

Every other module of this room lets errors pass through `translated`. Runs in the thread that
owns the connection.
"""

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from desktop.domain.errors import Defect, LapisError, StorageError
from desktop.domain.text import Text

_ROOM = 2_000_000
_PRIMARY = 0xFF


class Cause(StrEnum):
    """Why the chats could not be read or written."""

    FULL = "full"
    READ_ONLY = "read_only"
    LOCKED = "locked"
    DAMAGED = "damaged"
    UNREACHABLE = "unreachable"
    DISK = "disk"
    MEMORY = "memory"
    GONE = "gone"
    OURS = "ours"


_CAUSES = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: Cause.FULL,
        sqlite3.SQLITE_READONLY: Cause.READ_ONLY,
        sqlite3.SQLITE_PERM: Cause.READ_ONLY,
        sqlite3.SQLITE_BUSY: Cause.LOCKED,
        sqlite3.SQLITE_LOCKED: Cause.LOCKED,
        sqlite3.SQLITE_CORRUPT: Cause.DAMAGED,
        sqlite3.SQLITE_NOTADB: Cause.DAMAGED,
        sqlite3.SQLITE_CANTOPEN: Cause.UNREACHABLE,
        sqlite3.SQLITE_IOERR: Cause.DISK,
        sqlite3.SQLITE_NOMEM: Cause.MEMORY,
    }
)
_OS_CAUSES = MappingProxyType(
    {
        errno.ENOSPC: Cause.FULL,
        errno.EDQUOT: Cause.FULL,
        errno.EFBIG: Cause.FULL,
        errno.EROFS: Cause.READ_ONLY,
        errno.EACCES: Cause.READ_ONLY,
        errno.EPERM: Cause.READ_ONLY,
        errno.EBUSY: Cause.LOCKED,
        errno.ENOENT: Cause.UNREACHABLE,
        errno.ENOTDIR: Cause.UNREACHABLE,
        errno.EISDIR: Cause.UNREACHABLE,
    }
)


class Damage(Exception):
    """The file cannot be trusted: what was found, in English, for the log."""


StoreFault: TypeAlias = sqlite3.Error | OSError | UnicodeDecodeError | Damage
STORE_FAULTS = (sqlite3.Error, OSError, UnicodeDecodeError, Damage)


def cause_of(error: StoreFault, path: Path) -> Cause:
    """Return why `error` came up while working on the database at `path`."""
    match error:
        # SQLite's words quote names in the file; only a damaged name cannot be decoded.
        case Damage() | UnicodeDecodeError():
            return Cause.DAMAGED
        case OSError():
            cause = _OS_CAUSES.get(error.errno or 0, Cause.DISK)
        case _:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
                return Cause.GONE
            cause = _CAUSES.get(primary_code(error), Cause.OURS)
    # A full disk shows itself in several ways: a quota, a shared-memory file that cannot grow.
    return Cause.FULL if cause is Cause.DISK and _no_room(path) else cause


def primary_code(error: BaseException) -> int:
    """Return SQLite's code of an error without what it adds to tell kinds of one apart."""
    # Absent on errors that the Python module raises by itself, such as a wrong thread.
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & _PRIMARY


def explain(cause: Cause, path: Path) -> LapisError:
    """Return the words for `cause`, about the database at `path`."""
    file = {"path": str(path)}
    folder = {"folder": str(path.parent)}
    match cause:
        case Cause.FULL:
            return StorageError(
                Text("The disk is full, so chats cannot be saved"),
                Text(
                    "Free at least 10 MB on the disk that holds {folder}. Lapis then goes on by itself.",
                    folder,
                ),
            )
        case Cause.READ_ONLY:
            return StorageError(
                Text("Chats can be read but not saved"),
                Text(
                    "The file {path} or its folder is write-protected. Allow writing to it.", file
                ),
            )
        case Cause.LOCKED:
            return StorageError(
                Text("Another program is using the chats file"),
                Text("Close what works on {path} (a backup, a sync tool), then try again.", file),
            )
        case Cause.DAMAGED:
            return StorageError(
                Text("The chats file is damaged"),
                Text(
                    "Quit Lapis and start it again: it keeps the damaged file and recovers what can be read."
                ),
            )
        case Cause.UNREACHABLE:
            return StorageError(
                Text("The chats file cannot be opened"),
                Text("Check that {path} is a file that you may read and write.", file),
            )
        case Cause.DISK:
            return StorageError(
                Text("The disk did not accept or return the chats"),
                Text("It may be over a quota, disconnected or failing. Check {folder}.", folder),
            )
        case Cause.MEMORY:
            return StorageError(
                Text("There is too little memory to read the chats"),
                Text("Close other programs, then try again."),
            )
        case Cause.GONE:
            return gone()
        case Cause.OURS:
            return Defect(
                Text("Lapis made a mistake with its chats file; this is a defect in Lapis"),
                Text(
                    "What is on the screen is still there. Copy it if you need it, then restart Lapis."
                ),
            )


def gone() -> StorageError:
    """Return the words for a chat or message that was removed for good."""
    return StorageError(
        Text("This chat no longer exists"), Text("Start a new chat; the text can be copied over.")
    )


def newer(path: Path) -> StorageError:
    """Return the words for a database that a later version has changed."""
    return StorageError(
        Text("The chats were written by a newer version of Lapis"),
        Text(
            "Install the newest Lapis to open them. The file {path} was left as it is.",
            {"path": str(path)},
        ),
    )


def foreign(path: Path) -> StorageError:
    """Return the words for a database that is not ours."""
    return StorageError(
        Text("The chats file belongs to another program"),
        Text("Move {path} elsewhere, then start Lapis again.", {"path": str(path)}),
    )


def unrecovered(path: Path) -> StorageError:
    """Return the words for a damaged database that could not be recovered yet."""
    return StorageError(
        Text("The chats file is damaged and could not be recovered yet"),
        Text(
            "Make sure that {folder} can be written to and has free space, then start Lapis again."
            " The damaged file was left as it is.",
            {"folder": str(path.parent)},
        ),
    )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn errors about the database at `path` into LapisErrors; a damage is remembered on disk."""
    try:
        yield
    except STORE_FAULTS as error:
        cause = cause_of(error, path)
        if cause in {Cause.DAMAGED, Cause.OURS}:
            # Without this, a tidy end would remove every sign that the file needs a check.
            with suppress(OSError):
                suspicion(path).touch(mode=0o600)
        raise explain(cause, path) from error


def suspicion(path: Path) -> Path:
    """Return the file whose presence asks the next start for a check of the database."""
    return path.with_name(f"{path.name}-check")


def _no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _ROOM
    except OSError:
        return False
