"""The index of words: what is written to it, and how what it misses is made up for.

It can always be made again from the messages, so trouble in it never keeps a message from being
saved. `unindexed` lists the messages that are not in it: answers being written, all of them after
a migration. Runs in the thread that owns the connection; raises sqlite3.Error.
"""

import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from desktop.store.connection import roll_back
from desktop.store.faults import Damage
from desktop.store.rows import attachments_in
from desktop.store.words import RULES, tokens

# What SQLite keeps for the index; its exact shape is that of the SQLite that made it.
INDEX_PARTS = frozenset({"texts_data", "texts_idx", "texts_config"})

# Under which key `meta` says by which rules the index was made.
RULES_KEY = "index"

# A text that long is put into the index by somebody who does not keep a window waiting.
LONGEST_AT_ONCE = 4000

_CHUNK = 50
_PRIMARY = 0xFF

_log = logging.getLogger(__name__)


def make_index(connection: sqlite3.Connection) -> None:
    """Make the index, empty, and note that every message misses in it."""
    # The texts are in the messages: kept here a second time they would double the file.
    connection.execute(
        "CREATE VIRTUAL TABLE texts USING fts5"
        "(text, content = '', columnsize = 0, prefix = '1 2 3', tokenize = 'ascii')"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS unindexed"
        " (message INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE)"
    )
    _forget(connection)


def text_of(content: str, attachments: str) -> str:
    """Return what is searched of a message with that content and that column of attachments."""
    if not attachments:
        return content
    beside = (part for each in attachments_in(attachments) for part in (each.name, each.text))
    return "\n".join((content, *beside))


def put_if_short(connection: sqlite3.Connection, message: int, text: str) -> None:
    """Add a message that is not in the index, or, where its text is long, note that it misses."""
    if len(text) > LONGEST_AT_ONCE:
        leave_out(connection, message)
    else:
        put(connection, message, text)


def put(connection: sqlite3.Connection, message: int, text: str) -> None:
    """Add a message that is not in the index, inside the caller's transaction."""
    if _changed(connection, "INSERT INTO texts (rowid, text) VALUES (?, ?)", message, text):
        connection.execute("DELETE FROM unindexed WHERE message = ?", (message,))


def take(connection: sqlite3.Connection, message: int, text: str) -> None:
    """Remove a message that is in the index with that `text`, inside the caller's transaction."""
    statement = "INSERT INTO texts (texts, rowid, text) VALUES ('delete', ?, ?)"
    if _changed(connection, statement, message, text):
        leave_out(connection, message)


def leave_out(connection: sqlite3.Connection, message: int) -> None:
    """Note that a message is not in the index."""
    connection.execute("INSERT OR IGNORE INTO unindexed VALUES (?)", (message,))


def is_in(connection: sqlite3.Connection, message: int) -> bool:
    """Return whether an existing message is in the index."""
    found = connection.execute("SELECT 1 FROM unindexed WHERE message = ?", (message,))
    return found.fetchone() is None


def take_all(connection: sqlite3.Connection, messages: Iterable[int]) -> None:
    """Remove those of `messages` that are in the index, inside the caller's transaction."""
    for message in messages:
        row = connection.execute(
            "SELECT content, attachments FROM messages WHERE id = ?", (message,)
        ).fetchone()
        if row and is_in(connection, message):
            take(connection, message, text_of(*row))


def prepare(connection: sqlite3.Connection) -> None:
    """Begin the index anew if it was made by other rules, inside the caller's transaction."""
    made_by = connection.execute("SELECT value FROM meta WHERE key = ?", (RULES_KEY,)).fetchone()
    if made_by is None or made_by[0] != RULES:
        begin_anew(connection)


def begin_anew(connection: sqlite3.Connection) -> None:
    """Empty the index, to be filled again, inside the caller's transaction."""
    connection.execute("DROP TABLE IF EXISTS texts")
    make_index(connection)


def misses(connection: sqlite3.Connection) -> bool:
    """Return whether there are messages that the index should know and does not."""
    found = connection.execute(
        "SELECT 1 FROM unindexed CROSS JOIN messages ON messages.id = message"
        " WHERE state != 'streaming' LIMIT 1"
    )
    return found.fetchone() is not None


def catch_up(connection: sqlite3.Connection, seconds: float) -> bool:
    """Put messages into the index that miss in it, newest first; return whether all are in.

    Goes on for about `seconds`. Each transaction is short, so that others can write between.
    """
    until = time.monotonic() + seconds
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            rows = connection.execute(
                "SELECT id, content, attachments FROM messages WHERE state != 'streaming'"
                " AND id IN (SELECT message FROM unindexed ORDER BY message DESC LIMIT ?)"
                " ORDER BY id DESC",
                (_CHUNK,),
            ).fetchall()
            for message, content, attachments in rows:
                put(connection, message, text_of(content, attachments))
                if time.monotonic() > until:
                    break
            connection.execute("COMMIT")
        except BaseException:
            roll_back(connection)
            raise
        if not rows:
            return True
        if time.monotonic() > until:
            return False


def _changed(connection: sqlite3.Connection, statement: str, message: int, text: str) -> bool:
    """Change the index; if it is damaged, begin it anew and return False."""
    try:
        with _undone_if_damaged(connection):
            connection.execute(statement, (message, tokens(text)))
    except Damage:
        leave_out(connection, message)
        # What cannot even be removed is mended at the next start.
        with suppress(Damage), _undone_if_damaged(connection):
            begin_anew(connection)
        return False
    return True


@contextmanager
def _undone_if_damaged(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo what is done inside, and raise Damage, where the index turns out to be damaged."""
    connection.execute("SAVEPOINT words")
    try:
        yield
    except sqlite3.DatabaseError as error:
        connection.execute("ROLLBACK TO words")
        if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_CORRUPT:
            raise
        _log.warning("the index of words is damaged")
        raise Damage("the index of words") from error
    finally:
        # A full disk has ended the whole transaction already.
        if connection.in_transaction:
            connection.execute("RELEASE words")


def _forget(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT OR IGNORE INTO unindexed SELECT id FROM messages")
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (RULES_KEY, RULES))
