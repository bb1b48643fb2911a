"""Chats on disk: the one door to them for everybody else.

Lives in the thread that opened it (the GUI thread); SQLite refuses every other. What a method has
returned from is on the disk. Order comes from counters, never from the clock.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from desktop.domain.chat import Role, Usage
from desktop.domain.history import ChatSummary, MessageState, StoredMessage
from desktop.store.connection import PATIENCE_SECONDS, roll_back
from desktop.store.faults import Cause, explain, gone, translated
from desktop.store.opening import Database, open_database
from desktop.store.rows import BRANCH, Row, stored, usage_column
from desktop.store.texts import storable

PURGE_SECONDS = 30 * 86400.0
_NEW_CHAT_DRAFT = "draft"


class ChatStore:
    """All chats. Every method raises StorageError when the disk or the file does not play along."""

    def __init__(self, database: Database, path: Path, now: Callable[[], float]) -> None:
        self._connection = database.connection
        self._path = path
        self._now = now
        self._writing: set[int] = set()
        self.read_only = database.read_only
        self.notice = database.notice

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        now: Callable[[], float] = time.time,
        patience: float = PATIENCE_SECONDS,
    ) -> Self:
        """Open the database at `path`, made or migrated where needed; raises StorageError.

        An answer that was being written when Lapis was killed becomes interrupted; chats deleted
        more than 30 days ago go for good. Afterwards `notice` is what a person has to be told (a
        damaged file was recovered …) or None, and `read_only` says whether saving is impossible.
        `now` returns Unix seconds; `patience` in seconds is how long a lock is waited for.
        """
        real = path.resolve()
        database = open_database(
            real, lambda connection: tidy(connection, now()), patience=patience, now=now()
        )
        return cls(database, real, now)

    def close(self) -> None:
        """Close the file; idempotent."""
        with translated(self._path):
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is written inside one commit: all of it or, after an error, nothing."""
        if self._connection.in_transaction:
            yield
            return
        with translated(self._path):
            if self.read_only:
                raise explain(Cause.READ_ONLY, self._path)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # Whatever ends it: what is half done must not be part of the next commit.
                roll_back(self._connection)
                raise

    def chats(self) -> list[ChatSummary]:
        """Return all chats that are not deleted, the one last used first."""
        rows = self._rows(
            "SELECT id, title, created, updated FROM chats"
            " WHERE deleted IS NULL ORDER BY position DESC"
        )
        return [ChatSummary(*row) for row in rows]

    def chat(self, chat: int) -> ChatSummary:
        """Return one chat, deleted or not."""
        rows = self._rows("SELECT id, title, created, updated FROM chats WHERE id = ?", chat)
        if not rows:
            raise gone()
        return ChatSummary(*rows[0])

    def create(self, title: str = "") -> ChatSummary:
        """Add an empty chat and return it."""
        now = self._now()
        title = storable(title)
        with self.transaction():
            number = self._insert(
                "INSERT INTO chats (title, created, updated, position)"
                " VALUES (?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM chats))",
                (title, now, now),
            )
        return ChatSummary(number, title, now, now)

    def rename(self, chat: int, title: str) -> None:
        """Give a chat a title; its place in the list stays."""
        self._change("UPDATE chats SET title = ? WHERE id = ?", storable(title), chat)

    def delete(self, chat: int) -> None:
        """Take a chat out of the list; `restore` brings it back for 30 days."""
        self._change("UPDATE chats SET deleted = ? WHERE id = ?", self._now(), chat)

    def restore(self, chat: int) -> None:
        """Undo `delete`; the chat returns to its place."""
        self._change("UPDATE chats SET deleted = NULL WHERE id = ?", chat)

    def messages(self, chat: int) -> list[StoredMessage]:
        """Return the active branch of a chat, first to last."""
        tip = self.tip(chat)
        return [] if tip is None else self.branch(tip)

    def tip(self, chat: int) -> int | None:
        """Return the last message of the active branch; None for an empty chat."""
        rows = self._rows("SELECT tip FROM chats WHERE id = ?", chat)
        tip: int | None = rows[0][0] if rows else None
        return tip

    def branch(self, message: int) -> list[StoredMessage]:
        """Return the messages from the first one to `message`."""
        rows = self._rows(BRANCH, message)
        return [stored(row, writing=self._writing) for row in rows]

    def add(
        self,
        chat: int,
        parent: int | None,
        role: Role,
        content: str,
        *,
        state: MessageState = MessageState.COMPLETE,
        model: str = "",
    ) -> StoredMessage:
        """Append a message below `parent`; it ends the active branch, its chat is the last used."""
        now = self._now()
        content, model = storable(content), storable(model)
        with self.transaction():
            number = self._insert(
                "INSERT INTO messages"
                " (chat, parent, role, content, reasoning, state, model, note, created)"
                " VALUES (?, ?, ?, ?, '', ?, ?, '', ?)",
                (chat, parent, role, content, state, model, now),
            )
            self._change(
                "UPDATE chats SET tip = ?, updated = ?,"
                " position = (SELECT coalesce(max(position), 0) + 1 FROM chats) WHERE id = ?",
                number,
                now,
                chat,
            )
        self._note_state(number, state)
        return StoredMessage(number, chat, parent, role, content, "", state, model, None, "", now)

    def update(
        self,
        message: int,
        *,
        content: str,
        reasoning: str,
        state: MessageState,
        usage: Usage | None = None,
        note: str = "",
    ) -> None:
        """Replace what changes while an answer is written."""
        self._change(
            "UPDATE messages SET content = ?, reasoning = ?, state = ?, usage = ?, note = ?"
            " WHERE id = ?",
            storable(content),
            storable(reasoning),
            state,
            usage_column(usage),
            storable(note),
            message,
        )
        self._note_state(message, state)

    def draft(self, chat: int | None) -> str:
        """Return the text typed and not sent in `chat`; None is the chat not yet created."""
        rows = (
            self._rows("SELECT value FROM meta WHERE key = ?", _NEW_CHAT_DRAFT)
            if chat is None
            else self._rows("SELECT draft FROM chats WHERE id = ?", chat)
        )
        return rows[0][0] if rows else ""

    def save_draft(self, chat: int | None, text: str) -> None:
        """Keep the text typed and not sent; costs nothing when it is the one already kept."""
        text = storable(text)
        if text == self.draft(chat):
            return
        if chat is None:
            self._change("INSERT OR REPLACE INTO meta VALUES (?, ?)", _NEW_CHAT_DRAFT, text)
        else:
            self._change("UPDATE chats SET draft = ? WHERE id = ?", text, chat)

    def _note_state(self, message: int, state: MessageState) -> None:
        if state is MessageState.STREAMING:
            self._writing.add(message)
        else:
            self._writing.discard(message)

    def _rows(self, query: str, *values: object) -> list[Row]:
        with translated(self._path):
            return self._connection.execute(query, values).fetchall()

    def _insert(self, statement: str, values: tuple[object, ...]) -> int:
        number = self._connection.execute(statement, values).lastrowid
        if number is None:
            raise gone()
        return number

    def _change(self, statement: str, *values: object) -> None:
        with self.transaction():
            if self._connection.execute(statement, values).rowcount < 1:
                raise gone()


def tidy(connection: sqlite3.Connection, now: float) -> None:
    """Bring a database just opened into order; reads only what an index points at."""
    connection.execute(
        "UPDATE messages SET state = ? WHERE state = 'streaming'", (MessageState.INTERRUPTED,)
    )
    connection.execute("DELETE FROM chats WHERE deleted < ?", (now - PURGE_SECONDS,))
