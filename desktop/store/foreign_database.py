"""Databases of other programs, read as they were at one moment and never touched.

The program may be running: its file and its journal are copied to a folder of our own, and the copy
is read. A database can be made to do harm too: only plain tables are read, with a bound on rows, on
the size of a value, and on the work. For a thread that may wait.
"""

import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Final

from desktop.base.copying import copy_file
from desktop.store.connection import lenient_text

START: Final = b"SQLite format 3\0"
MOST_BYTES: Final = 512 * 2**20

_JOURNALS: Final = ("-wal", "-journal")
_TRIES: Final = 4
_LONGEST_VALUE: Final = 64 * 2**20
_SECONDS: Final = 60.0
_STEPS: Final = 100_000

Value = str | int | float | bytes | None


class NotReadable(Exception):
    """The database is none, is too large, or cannot be read."""


class ForeignDatabase:
    """One opened copy. Every method raises NotReadable."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Find out which tables there are; views and virtual tables are none."""
        self._connection = connection
        end = time.monotonic() + _SECONDS
        # Ends what would never end, such as a column computed without bound.
        connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        self._tables = {
            str(row[0]): self._columns_of(str(row[0]))
            for row in self._rows(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
            )
        }

    def has(self, table: str, *columns: str) -> bool:
        """Tell whether there is such a table with such columns."""
        return set(columns) <= self._tables.get(table, frozenset())

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        *,
        order: str,
        where: tuple[str, Value] | None = None,
        most: int = 100_000,
    ) -> Iterator[dict[str, Value]]:
        """Yield the rows by column; of a column that this version of the table lacks, None.

        `where` is a column and what it must be. What comes before a damaged place is yielded.
        """
        there = [column for column in columns if self.has(table, column)]
        chosen = ", ".join(_quoted(column) for column in there)
        condition, values = "", []
        if where is not None:
            condition = f" WHERE {_quoted(where[0])} = ?"
            values = [where[1]]
        ordered = f" ORDER BY {_quoted(order)}" if self.has(table, order) else ""
        # Every name is one of ours, and quoted.
        query = f"SELECT {chosen} FROM {_quoted(table)}{condition}{ordered} LIMIT {most}"  # noqa: S608
        missing: dict[str, Value] = dict.fromkeys(columns)
        for row in self._rows(query, values):
            yield {**missing, **dict(zip(there, row, strict=True))}

    def _columns_of(self, table: str) -> frozenset[str]:
        query = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0"
        return frozenset(str(row[0]) for row in self._rows(query, [table]))

    def _rows(self, query: str, values: Sequence[Value] = ()) -> Iterator[tuple[Value, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except (sqlite3.Error, ValueError, OverflowError, MemoryError) as error:
            raise NotReadable from error


@contextmanager
def foreign_database(path: Path) -> Iterator[ForeignDatabase]:
    """Open a copy of the database at `path` for a while; raises NotReadable and OSError."""
    with tempfile.TemporaryDirectory(prefix="lapis-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "copy.db"
        _copy(path, copy)
        try:
            connection = sqlite3.connect(copy, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise NotReadable from error
        with closing(connection):
            try:
                connection.text_factory = lenient_text
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.execute("PRAGMA cell_size_check = ON")
                connection.execute("PRAGMA query_only = ON")
            except (sqlite3.Error, ValueError) as error:
                raise NotReadable from error
            yield ForeignDatabase(connection)


def _copy(path: Path, copy: Path) -> None:
    """Copy the database with its journal, again if the program wrote to it meanwhile."""
    for _ in range(_TRIES):
        before = _states(path)
        if sum(size for size, _ in before.values()) > MOST_BYTES:
            raise NotReadable
        for name in before:
            with contextlib.suppress(FileNotFoundError):
                copy_file(Path(f"{path}{name}"), Path(f"{copy}{name}"), _untold, Event())
        if _states(path) == before:
            return
    # It writes all the time: what SQLite makes of the last copy is better than nothing.


def _states(path: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change of the files that are there."""
    found: dict[str, tuple[int, int]] = {}
    for name in ("", *_JOURNALS):
        try:
            status = Path(f"{path}{name}").stat()
        except FileNotFoundError:
            if not name:
                raise
            continue
        found[name] = status.st_size, status.st_mtime_ns
    return found


def _untold(size: int) -> None:
    """Nobody watches."""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
