"""One connection and what is written over it: statements, and transactions that hold together.

Belongs to the thread that opened the connection.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from desktop.domain.history import ChatSummary
from desktop.store import index
from desktop.store.connection import roll_back
from desktop.store.faults import Cause, explain, gone, translated
from desktop.store.rows import Row


@dataclass(slots=True)
class Session:
    """A database in use. `now` returns Unix seconds, `writing` are the answers being written.

    `is_held` says whether a transaction is under way; `summaries` are chats as they were read last,
    with the rows they were made of.

    Every method raises StorageError when the disk or the file does not play along.
    """

    connection: sqlite3.Connection
    path: Path
    now: Callable[[], float]
    read_only: bool = False
    writing: set[int] = field(default_factory=set[int])
    summaries: dict[int, tuple[Row, ChatSummary]] = field(default_factory=dict)
    is_held: bool = False
    _fresh: set[int] = field(default_factory=set[int])

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
            with translated(self.path):
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
            with translated(self.path):
                if index.known_text(self.connection, message) is not None:
                    index.take_alone(self.connection, message)

    def rows(self, query: str, *values: object) -> list[Row]:
        """Return what `query` finds."""
        with translated(self.path):
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
