"""Opening SQLite the way Lapis wants it: durable, strict, never creating a file by accident.

A connection belongs to the thread that opened it, and SQLite's own check of that stays on, unless
its owner asks for one that goes from thread to thread under a lock.
"""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from desktop.store.faults import Cause, cause_of
from desktop.store.network import is_remote

APPLICATION_ID = 0x4C415049
PATIENCE_SECONDS = 5.0


def connect(
    path: Path, *, patience: float = PATIENCE_SECONDS, any_thread: bool = False
) -> sqlite3.Connection:
    """Open the existing database at `path` for reading and writing; raises sqlite3.Error.

    Transactions are explicit. A commit is on the disk when it returns. `patience` in seconds is
    how long a lock held by another program is waited for. A connection for `any_thread` is used by
    one at a time, for which its owner has a lock.
    """
    try:
        return _connect(path, patience, alone=False, any_thread=any_thread)
    except sqlite3.OperationalError as error:
        if cause_of(error, path) is not Cause.FULL:
            raise
        # No room even for the file through which connections share a journal.
        return _connect(path, patience, alone=True, any_thread=any_thread)


def connect_reader(path: Path, *, patience: float = PATIENCE_SECONDS) -> sqlite3.Connection:
    """Open the database at `path` without changing it; raises sqlite3.Error.

    Works on full and on write-protected disks too, unless an unmerged journal would have to be
    read on the latter.
    """
    connection = _open(path, "mode=ro", patience)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        cause = cause_of(error, path)
        if cause is Cause.FULL and has_journal(path):
            return connect(path, patience=patience)
        if cause not in {Cause.FULL, Cause.READ_ONLY, Cause.UNREACHABLE} or has_journal(path):
            raise
        return _open(path, "immutable=1", patience)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_unchanging(path: Path) -> sqlite3.Connection:
    """Open a database that nobody writes to, such as a copy; leaves nothing beside it."""
    return _open(path, "immutable=1", 0.0)


def roll_back(connection: sqlite3.Connection) -> None:
    """Undo the open transaction, unless SQLite has already done so (as on a full disk)."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def lenient_text(content: bytes) -> str:
    """Return a text of the file, with bytes that are no UTF-8 replaced."""
    return content.decode(errors="replace")


def has_journal(path: Path) -> bool:
    """Return whether the last run did not end tidily: a journal with content was left behind."""
    return any(
        journal.exists() and journal.stat().st_size > 0
        for journal in (Path(f"{path}-wal"), Path(f"{path}-journal"))
    )


def companions(path: Path) -> list[Path]:
    """Return the files that SQLite keeps beside the database at `path` and that exist."""
    names = (f"{path}{suffix}" for suffix in ("-wal", "-shm", "-journal"))
    return [Path(name) for name in names if os.path.lexists(name)]


def move_aside(path: Path, why: str = "damaged") -> Path:
    """Rename the database and what belongs to it to a name of its own; return that name."""
    number = 1
    while any(path.parent.glob(f"{path.name}.{why}-{number}*")):
        number += 1
    aside = path.with_name(f"{path.name}.{why}-{number}")
    # The database first: where it is missing, the next start knows how to go on.
    if os.path.lexists(path):
        path.replace(aside)
    for old in companions(path):
        old.replace(f"{aside}{old.name.removeprefix(path.name)}")
    return aside


def _connect(path: Path, patience: float, *, alone: bool, any_thread: bool) -> sqlite3.Connection:
    connection = _open(path, "mode=rw", patience, any_thread=any_thread)
    try:
        if alone:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA foreign_keys = ON")
        # The journal of WAL lives in shared memory, which network folders do not have.
        wanted = "DELETE" if is_remote(path) else "WAL"
        connection.execute(f"PRAGMA journal_mode = {wanted}")
        connection.execute("PRAGMA synchronous = FULL")
        # Known to SQLite on macOS only, where a plain fsync does not reach the disk.
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _open(
    path: Path, options: str, patience: float, *, any_thread: bool = False
) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{_uri(path)}?{options}",
        uri=True,
        timeout=patience,
        isolation_level=None,
        check_same_thread=not any_thread,
    )
    # Bytes that are no UTF-8 can only come from damage; one bad letter must not cost a chat.
    connection.text_factory = lenient_text
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
    except BaseException:
        connection.close()
        raise
    return connection


def _uri(path: Path) -> str:
    name = path.absolute().as_posix()
    # Three slashes before a drive letter, four before the name of a server.
    return "file://" + ("" if name.startswith("/") else "/") + quote(os.fsencode(name))
