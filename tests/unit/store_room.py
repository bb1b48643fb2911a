"""A database of chats for a test: opened, talked into, looked at from outside."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from desktop.domain.chat import Role
from desktop.store.chats import ChatStore

DAY = 86400.0


class Clock:
    """Wall-clock seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def opened(path: Path, clock: Clock | None = None) -> Iterator[ChatStore]:
    """Open the store and close it at the end, as a run of Lapis does."""
    store = ChatStore.open(path) if clock is None else ChatStore.open(path, now=clock)
    try:
        yield store
    finally:
        store.close()


def talk(store: ChatStore, chat: int, *texts: str) -> list[int]:
    """Add messages of alternating speakers to the end of a chat; return their ids."""
    ids: list[int] = []
    for place, text in enumerate(texts):
        role = Role.ASSISTANT if place % 2 else Role.USER
        ids.append(store.add(chat, store.tip(chat), role, text).id)
    return ids


def contents(store: ChatStore, chat: int) -> list[str]:
    """Return the texts of the active branch."""
    return [message.content for message in store.messages(chat)]


def raw(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run one statement on the file, past everything that Lapis does."""
    with closing(sqlite3.connect(path)) as connection, connection:
        rows: list[tuple[object, ...]] = connection.execute(statement, values).fetchall()
        return rows
