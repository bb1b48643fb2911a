"""Chats that leave no trace: a database in memory that ends with the program.

Their numbers, and those of their messages, begin where no number on the disk ever comes. Belongs
to the thread that asked for it.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from desktop.store.connection import lenient_text
from desktop.store.migrations import migrate
from desktop.store.session import Session

FIRST = 2**30
"""Far above what a person can write, and small enough for the `int` of a Qt signal."""


def is_temporary(number: int) -> bool:
    """Return whether a chat or message with that number is kept in memory alone."""
    return number >= FIRST


def open_memory(path: Path, now: Callable[[], float]) -> Session:
    """Return an empty session in memory; `path` is what errors speak of."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.text_factory = lenient_text
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    # Sorting a lot of text must not go through a file either.
    connection.execute("PRAGMA temp_store = MEMORY")
    migrate(connection, path)
    for table in ("chats", "messages"):
        connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, FIRST - 1))
    return Session(connection, path, now)
