"""From a path to a usable database: examined, migrated, or recovered; never silently replaced.

Runs in the thread that is to own the connection.
"""

import errno
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from desktop.domain.errors import StorageError
from desktop.store.connection import APPLICATION_ID, connect, connect_reader, has_journal, roll_back
from desktop.store.faults import (
    STORE_FAULTS,
    Cause,
    Damage,
    cause_of,
    foreign,
    primary_code,
    suspicion,
    translated,
    unrecovered,
)
from desktop.store.index import INDEX_PARTS
from desktop.store.migrations import is_in_shape, migrate, pending
from desktop.store.recovery import begin, make_index_anew, recover
from desktop.store.temporary import FIRST

_WEEK_SECONDS = 7 * 86400.0

_log = logging.getLogger(__name__)


class IndexDamage(Damage):
    """Only the index of words is damaged, which can be made again from the messages."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. `notice` is what a person has to be told about it, or None."""

    connection: sqlite3.Connection
    read_only: bool
    notice: StorageError | None


def open_database(
    path: Path, tidy: Callable[[sqlite3.Connection], None], *, patience: float, now: float
) -> Database:
    """Open the database at `path`, making it if there is none; raises LapisError.

    `tidy` is run on it before anything is read. `patience` in seconds is how long a lock of another
    program is waited for; `now` in Unix seconds. What is write-protected is opened for reading.
    """
    notice = None
    with translated(path):
        if not path.exists():
            notice = begin(path)
        try:
            database = _open(path, tidy, patience, now)
        except STORE_FAULTS as error:
            if cause_of(error, path) is not Cause.DAMAGED:
                raise
            _log.warning("the database is damaged: %s", type(error).__name__)
            notice = _recover(path, only_index=isinstance(error, IndexDamage))
            database = _open(path, tidy, patience, now)
    return Database(database.connection, database.read_only, notice)


def _recover(path: Path, *, only_index: bool) -> StorageError:
    if only_index:
        try:
            return make_index_anew(path)
        except STORE_FAULTS as error:
            _log.warning("the index could not be made anew: %s", cause_of(error, path))
    try:
        return recover(path)
    except STORE_FAULTS as error:
        _log.warning("recovery failed: %s", cause_of(error, path))
        raise unrecovered(path) from error


def _open(
    path: Path, tidy: Callable[[sqlite3.Connection], None], patience: float, now: float
) -> Database:
    _examine(path, patience, now)
    try:
        return Database(_open_for_writing(path, tidy, patience, now), read_only=False, notice=None)
    except (sqlite3.OperationalError, OSError) as error:
        if cause_of(error, path) not in {Cause.READ_ONLY, Cause.UNREACHABLE}:
            raise
        connection = connect_reader(path, patience=patience)
        if pending(connection, path):
            connection.close()
            raise
        _log.warning("the database is opened for reading only")
        return Database(connection, read_only=True, notice=None)


def _open_for_writing(
    path: Path, tidy: Callable[[sqlite3.Connection], None], patience: float, now: float
) -> sqlite3.Connection:
    connection = connect(path, patience=patience)
    try:
        migrate(connection, path)
        _tidy(connection, tidy, path, now)
    except BaseException:
        connection.close()
        raise
    return connection


def _tidy(
    connection: sqlite3.Connection,
    tidy: Callable[[sqlite3.Connection], None],
    path: Path,
    now: float,
) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        tidy(connection)
        if _check_due(connection, now):
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('checked', ?)", (str(now),))
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        roll_back(connection)
        if cause_of(error, path) is not Cause.FULL:
            raise
        # Reading must work on a full disk; the next start tidies.
        _log.warning("no room to tidy the database")


def _examine(path: Path, patience: float, now: float) -> None:
    """Make sure that the file is ours, not newer than we are, and whole; without changing it.

    The whole file is read (about a second a gigabyte) once a week, after a run that did not end
    tidily, and after a run that met a damage.
    """
    check_file(path)
    suspected = suspicion(path)
    doubtful = has_journal(path) or suspected.exists()
    # A journal of an unfinished change has to be undone before anything can be read.
    half_done = Path(f"{path}-journal").exists()
    opened = (
        connect(path, patience=patience) if half_done else connect_reader(path, patience=patience)
    )
    with closing(opened) as connection:
        check_owner(connection, path)
        if doubtful or _check_due(connection, now):
            check_content(connection)
    with suppress(OSError):
        suspected.unlink(missing_ok=True)


def check_file(path: Path) -> None:
    """Refuse what is there and can be no database: OSError for a folder, Damage for nothing."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder", str(path))
    if path.stat().st_size == 0:
        raise Damage("the file is empty")


def check_owner(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse the database at `path` with StorageError if it is not ours, or newer than we are."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise foreign(path)
    pending(connection, path)


def check_content(connection: sqlite3.Connection) -> None:
    """Read all of the database (about a second a gigabyte); raises Damage, sqlite3.Error."""
    found = _first_fault(connection, "1")
    if found:
        raise IndexDamage(found) if _is_whole_but_for_the_index(connection) else Damage(found)
    if not is_in_shape(connection):
        raise Damage("the list of tables is not ours")
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise Damage("a message belongs to nothing")
    # The journal of another database can fit together with this one, page by page.
    lost = connection.execute(
        "SELECT 1 FROM chats WHERE tip IS NOT NULL AND tip NOT IN (SELECT id FROM messages) LIMIT 1"
    )
    if lost.fetchone() is not None:
        raise Damage("a chat ends in a message that is not there")
    over = connection.execute("SELECT 1 FROM sqlite_sequence WHERE seq >= ?", (FIRST,))
    if over.fetchone() is not None:
        raise Damage("numbers go on where those of temporary chats begin")


def _first_fault(connection: sqlite3.Connection, what: str) -> str:
    """Return what SQLite finds first in all of the file ("1") or in a table; empty: nothing."""
    try:
        ((found, *_), *_) = connection.execute(f"PRAGMA quick_check({what})").fetchall()
    except sqlite3.DatabaseError as error:
        if primary_code(error) not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR}:
            raise
        return str(error)
    return "" if found == "ok" else str(found)


def _is_whole_but_for_the_index(connection: sqlite3.Connection) -> bool:
    try:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = {name for (name,) in tables} - INDEX_PARTS - {"texts"}
        return "unindexed" in names and not any(
            _first_fault(connection, f"'{name}'") for name in names
        )
    except sqlite3.DatabaseError:
        return False


def _check_due(connection: sqlite3.Connection, now: float) -> bool:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
    row = known and connection.execute("SELECT value FROM meta WHERE key = 'checked'").fetchone()
    try:
        return not row or not 0 <= now - float(row[0]) < _WEEK_SECONDS
    except ValueError:
        return True
