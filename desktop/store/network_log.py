"""The database of connections to the network: a line for each day, host and purpose.

Any thread, and beside other processes: each adds to the lines what it did, so none overwrites what
another has counted. Beyond `MOST_LINES` (about 2 MB, with ten new lines a day some three years)
days become months, without names of files; only if that is not enough the oldest lines go.
"""

import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from desktop.domain.errors import StorageError
from desktop.domain.network_log import Contact, Entry, Purpose, Reason
from desktop.domain.text import Text, encodable
from desktop.store.connection import roll_back
from desktop.store.faults import STORE_FAULTS
from desktop.store.migrations import Migration
from desktop.store.shared_file import SharedFile

MOST_LINES: Final = 10_000
WHOLE_DAYS: Final = 62
"""For so long names of files stay, however many lines there are."""
_PATIENCE_SECONDS: Final = 3.0
_LONGEST: Final = 255
# What is cleared is to be gone.
_PRAGMAS: Final = ("synchronous = NORMAL", "secure_delete = ON")
_COLUMNS: Final = (
    "day, host, port, purpose, what, via, first, last, times, failed, refused, sent, received"
)
_ADDED: Final = (
    " ON CONFLICT (day, host, port, purpose, what, via) DO UPDATE SET"
    " first = min(first, excluded.first), last = max(last, excluded.last),"
    " times = times + excluded.times, failed = failed + excluded.failed,"
    " refused = refused + excluded.refused, sent = sent + excluded.sent,"
    " received = received + excluded.received"
)
_ADD: Final = f"INSERT INTO contacts ({_COLUMNS}) VALUES ({', '.join('?' * 13)}){_ADDED}"  # noqa: S608 - names of our own
_ALL: Final = f"SELECT {_COLUMNS} FROM contacts ORDER BY last DESC"  # noqa: S608
# Days have ten letters, months seven.
_MONTHS: Final = (
    f"INSERT INTO contacts ({_COLUMNS}) SELECT substr(day, 1, 7), host, port, purpose, '', via,"  # noqa: S608
    " min(first), max(last), sum(times), sum(failed), sum(refused), sum(sent), sum(received)"
    " FROM contacts WHERE length(day) = 10 AND day < ?"
    f" GROUP BY substr(day, 1, 7), host, port, purpose, via{_ADDED}"
)
_DAYS_GONE: Final = "DELETE FROM contacts WHERE length(day) = 10 AND day < ?"
_OLDEST_GONE: Final = (
    "DELETE FROM contacts WHERE last < (SELECT last FROM contacts ORDER BY last DESC LIMIT 1"
    " OFFSET ?)"
)

Result = TypeVar("Result")
Row: TypeAlias = tuple[Any, ...]


def contacts_by_day(connection: sqlite3.Connection) -> None:
    """Create the lines. `first` and `last` are Unix seconds, `sent` and `received` bytes."""
    connection.execute(
        """CREATE TABLE contacts (
            day TEXT NOT NULL,
            host TEXT NOT NULL,
            port INTEGER NOT NULL,
            purpose TEXT NOT NULL,
            what TEXT NOT NULL,
            via TEXT NOT NULL,
            first REAL NOT NULL,
            last REAL NOT NULL,
            times INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            refused INTEGER NOT NULL,
            sent INTEGER NOT NULL,
            received INTEGER NOT NULL,
            PRIMARY KEY (day, host, port, purpose, what, via)
        ) WITHOUT ROWID"""
    )


# As in `migrations`: steps are only ever added at the end and never changed.
NETWORK_STEPS: Final[tuple[Migration, ...]] = (contacts_by_day,)


class NetworkLogFile:
    """All lines. Every method raises StorageError when the disk does not play along.

    A damaged file is put aside, and a new one begun.
    """

    def __init__(self, path: Path, *, most_lines: int = MOST_LINES) -> None:
        """Touch nothing yet; the connection ends with this object, or with the process."""
        self._path = path
        self._most_lines = most_lines
        self._lock = threading.Lock()
        self._file = SharedFile(path, NETWORK_STEPS, _nothing_over, pragmas=_PRAGMAS)
        # Whoever ends does not have to know of it: Python complains of what nobody closes.
        weakref.finalize(self, self._file.let_go)

    def add(self, entries: Iterable[Entry]) -> None:
        """Add what was done to the lines, in one commit.

        It holds when this process is killed. After a power cut the last seconds may be missing:
        waiting for the disk each time would keep it awake.
        """
        rows = [_row(entry) for entry in entries]

        def add(connection: sqlite3.Connection) -> None:
            with _transaction(connection):
                connection.executemany(_ADD, rows)
                self._keep_bounds(connection)

        self._work(add)

    def entries(self) -> list[Entry]:
        """Return all lines, the newest first; empty where there is no file yet."""
        if not self._path.exists():
            return []
        rows = self._work(lambda connection: connection.execute(_ALL).fetchall())
        return [entry for entry in map(_entry, rows) if entry is not None]

    def clear(self) -> list[Entry]:
        """Remove all lines and return them, so that `add` can bring them back."""
        if not self._path.exists():
            return []

        def clear(connection: sqlite3.Connection) -> list[Row]:
            with _transaction(connection):
                found: list[Row] = connection.execute(_ALL).fetchall()
                connection.execute("DELETE FROM contacts")
            # What is left in the journal would still name them.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return found

        return [entry for entry in map(_entry, self._work(clear)) if entry is not None]

    def _keep_bounds(self, connection: sqlite3.Connection) -> None:
        if _count(connection) <= self._most_lines:
            return
        newest: str = connection.execute("SELECT max(last) FROM contacts").fetchone()[0]
        limit = (date.fromisoformat(_day(float(newest))) - timedelta(days=WHOLE_DAYS)).isoformat()
        connection.execute(_MONTHS, (limit,))
        connection.execute(_DAYS_GONE, (limit,))
        if _count(connection) > self._most_lines:
            connection.execute(_OLDEST_GONE, (self._most_lines * 3 // 4,))

    def _work(self, do: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._lock:
            try:
                return self._file.work(do, _PATIENCE_SECONDS)
            except (StorageError, *STORE_FAULTS) as error:
                raise _unusable(self._path) from error


def _nothing_over(_connection: sqlite3.Connection, _aside: Path) -> None:
    """Begin with an empty list: what was connected to long ago is not worth a guess."""


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Any:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM contacts").fetchone()[0])


def _row(entry: Entry) -> Row:
    contact, reason = entry.contact, entry.contact.reason
    texts = (reason.purpose.value, encodable(reason.what)[:_LONGEST], encodable(contact.via))
    counts = (entry.times, entry.failed, entry.refused, entry.sent, entry.received)
    host = encodable(contact.host)[:_LONGEST]
    return (_day(entry.first), host, contact.port, *texts, entry.first, entry.last, *counts)


def _entry(row: Row) -> Entry | None:
    """Return what a line says; None for one that Lapis has not written."""
    _day_of, host, port, purpose, what, via, first, last, *counts = row
    texts, numbers = (host, purpose, what, via), (port, *counts)
    if not all(isinstance(text, str) for text in texts) or not all(
        isinstance(number, int) for number in numbers
    ):
        return None
    if not isinstance(first, float) or not isinstance(last, float):
        return None
    # A later version may know purposes that this one does not.
    known = Purpose(purpose) if purpose in set(Purpose) else Purpose.OTHER
    return Entry(Contact(host, port, Reason(known, what), via), first, last, *counts)


def _day(moment: float) -> str:
    """Return the day of the person's calendar; the first one for what no clock can have shown."""
    try:
        return datetime.fromtimestamp(moment).astimezone().date().isoformat()
    except (OverflowError, ValueError, OSError):
        return date.min.isoformat()


def _unusable(path: Path) -> StorageError:
    return StorageError(
        Text("The list of connections cannot be read or written"),
        Text("Check that {path} is a file that you may read and write.", {"path": str(path)}),
    )
