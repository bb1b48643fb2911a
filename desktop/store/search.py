"""Finding words in titles and messages. Runs in the thread that owns the session.

Titles are few and are looked through one by one; messages are found through the index.
"""

import sqlite3

from desktop.domain.chat import Role
from desktop.domain.history import Hit
from desktop.store import index
from desktop.store.rows import Row, role_in
from desktop.store.session import Session
from desktop.store.snippets import places, snippet
from desktop.store.words import Query, folded, query

# The next search, with the next letter typed, goes on from there.
_CATCH_UP_SECONDS = 0.1


class Search:
    """Searches one session; what it remembers of titles makes the next search faster."""

    def __init__(self, session: Session, *, completes: bool = False) -> None:
        """With `completes` nobody else puts into the index what took too long at first."""
        self._session = session
        self._completes = completes
        self._titles: list[tuple[int, str, float, str]] = []
        self._changes = -1

    def hits(self, words: str, limit: int) -> list[Hit]:
        """Return at most `limit` places where all of `words` stand: titles, then newest messages.

        Chats that are deleted are left out. Raises StorageError, and nothing for any input.
        """
        asked = query(words)
        if not asked.match or limit < 1:
            return []
        with self._session.reaching():
            if self._completes:
                index.catch_up(self._session.connection, _CATCH_UP_SECONDS)
            in_titles = self._in_titles(asked, limit)
            return [*in_titles, *self._in_texts(asked, limit - len(in_titles))]

    def _in_titles(self, asked: Query, limit: int) -> list[Hit]:
        found: list[Hit] = []
        for chat, title, updated, plain in self._all_titles():
            if asked.stands_in(plain):
                marks = tuple(places(title, asked.patterns))
                found.append(Hit(chat, title, None, Role.USER, title, marks, updated))
                if len(found) == limit:
                    break
        return found

    def _all_titles(self) -> list[tuple[int, str, float, str]]:
        """Return number, title, time of use and folded title of all chats, the last used first."""
        changes = self._session.connection.total_changes
        if changes != self._changes:
            self._titles = [
                (chat, title, updated, folded(title))
                for chat, title, updated in self._session.rows(
                    "SELECT id, title, updated FROM chats"
                    " WHERE deleted IS NULL ORDER BY position DESC"
                )
            ]
            self._changes = changes
        return self._titles

    def _in_texts(self, asked: Query, limit: int) -> list[Hit]:
        found: list[Hit] = []
        for message, chat, title, role, content, attachments, created in self._matching(
            asked.match, limit
        ):
            text = content
            if attachments and not asked.stands_in(folded(text)):
                text = index.text_of(content, attachments)
            piece, marks = snippet(text, asked.patterns)
            found.append(Hit(chat, title, message, role_in(role), piece, marks, created))
        return found

    def _matching(self, match: str, limit: int) -> list[Row]:
        try:
            # CROSS JOIN keeps the order of reading: from the newest message of the index on.
            return self._session.connection.execute(
                "SELECT messages.id, chat, title, role, content, attachments, messages.created"
                " FROM texts CROSS JOIN messages ON messages.id = texts.rowid"
                " CROSS JOIN chats ON chats.id = messages.chat"
                " WHERE texts MATCH ? AND chats.deleted IS NULL"
                " ORDER BY texts.rowid DESC LIMIT ?",
                (match, limit),
            ).fetchall()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_CORRUPT_VTAB or self._session.read_only:
                raise
        index.mend(self._session.connection)
        return []
