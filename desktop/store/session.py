"""One connection and what is written over it: statements, and transactions that hold together.

Belongs to the thread that opened the connection. Where that is a window's, another program that
keeps the file locked must hold it up but once: what outlasted the patience is hardly waited for
again while it lasts.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from desktop.domain.history import ChatSummary
from desktop.store import index
from desktop.store.connection import PATIENCE_SECONDS, roll_back
from desktop.store.faults import Cause, cause_of, explain, gone, translated
from desktop.store.rows import Row

# Long enough for what our own threads write beside this one.
_HURRIED_SECONDS = 0.05
# So long after a lock was met it counts as the same one.
_SAME_LOCK_SECONDS = 3.0


@dataclass(slots=True)
class Session:
    """A database in use. `now` returns Unix seconds, `writing` are the answers being written.

    `is_held` says whether a transaction is under way; `summaries` are chats as they were read last,
    with the rows they were made of. `patience` in seconds is how long the connection waits for a
    lock of another program.

    Every method raises StorageError when the disk or the file does not play along.
    """

    connection: sqlite3.Connection
    path: Path
    now: Callable[[], float]
    read_only: bool = False
    writing: set[int] = field(default_factory=set[int])
    summaries: dict[int, tuple[Row, ChatSummary]] = field(default_factory=dict)
    is_held: bool = False
    patience: float = PATIENCE_SECONDS
    _met_lock: float | None = None
    _fresh: set[int] = field(default_factory=set[int])

    def wait_at_most(self, seconds: float) -> None:
        """Wait so long for a lock of another program, from now on."""
        self.patience, self._met_lock = seconds, None
        self._wait(seconds)

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Translate what goes wrong inside; a lock that outlasted the patience makes it short."""
        met = self._met_lock
        if met is not None and time.monotonic() - met > _SAME_LOCK_SECONDS:
            self._met_lock = None
            self._wait(self.patience)
        with translated(self.path):
            try:
                yield
            except sqlite3.Error as error:
                if cause_of(error, self.path) is Cause.LOCKED:
                    self._met_lock = time.monotonic()
                    self._wait(min(self.patience, _HURRIED_SECONDS))
                raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is written inside one commit: all of it or, after an error, nothing.

        The file is locked with the first change, so that reading alone never waits for anybody.
        """
        if self.is_held:
            yield
            return
        self.is_held = True
        try:
            with self.reaching():
                try:
                    yield
                    if self.connection.in_transaction:
                        self.connection.execute("COMMIT")
                except BaseException:
                    # Whatever ends it: what is half done must not be part of the next commit.
                    roll_back(self.connection)
                    self._fresh.clear()
                    raise
        finally:
            self.is_held = False
        if self._fresh:
            fresh = set(self._fresh)
            self._fresh.clear()
            index.put_fresh(self.connection, fresh)

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction that has begun."""
        with self.transaction():
            if self.read_only:
                raise explain(Cause.READ_ONLY, self.path)
            if not self.connection.in_transaction:
                self.connection.execute("BEGIN IMMEDIATE")
            yield self.connection

    def index_later(self, *messages: int) -> None:
        """Put messages into the index of words once they are safely on the disk."""
        with self.change() as connection:
            index.leave_out(connection, *messages)
            self._fresh.update(messages)

    def unindex(self, message: int) -> None:
        """Take a message out of the index of words, before its text is changed."""
        if self.is_held:
            with self.change() as connection:
                index.take(connection, message)
        elif not self.read_only:
            with self.reaching():
                if index.known_text(self.connection, message) is not None:
                    index.take_alone(self.connection, message)

    def rows(self, query: str, *values: object) -> list[Row]:
        """Return what `query` finds."""
        with self.reaching():
            return self.connection.execute(query, values).fetchall()

    def write(self, statement: str, *values: object) -> int:
        """Change something; return how many rows it was."""
        with self.change() as connection:
            return connection.execute(statement, values).rowcount

    def write_one(self, statement: str, *values: object) -> None:
        """Change a row that is there; raises StorageError if it no longer is."""
        with self.change() as connection:
            if connection.execute(statement, values).rowcount < 1:
                raise gone()

    def insert(self, statement: str, *values: object) -> int:
        """Add a row and return its number."""
        with self.change() as connection:
            number = connection.execute(statement, values).lastrowid
        if number is None:
            raise gone()
        return number

    def close(self) -> None:
        """Close the file; idempotent."""
        with translated(self.path):
            self.connection.close()

    def _wait(self, seconds: float) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
