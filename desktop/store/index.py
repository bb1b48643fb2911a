"""The index of words: what is written to it, and how what it misses is made up for.

It can always be made again from the messages, so trouble in it never keeps a message from being
saved. `unindexed` lists the messages that are not in it: answers being written, all of them after
a migration. Runs in the thread that owns the connection; raises sqlite3.Error.
"""

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from pathlib import Path

from desktop.store.connection import roll_back
from desktop.store.faults import primary_code, suspicion
from desktop.store.rows import Row, attachments_in
from desktop.store.words import RULES, tokens

# What SQLite keeps for the index; its exact shape is that of the SQLite that made it.
INDEX_PARTS = frozenset({"texts_data", "texts_idx", "texts_config"})

# Under which key `meta` says by which rules the index was made.
RULES_KEY = "index"

# More than that is put into the index by somebody who does not keep a window waiting.
_LONGEST_AT_ONCE = 4000
_MOST_AT_ONCE = 20
# How a picture begins in the column of attachments: it is long, and nothing of it is a word.
_PICTURE = '"kind":"picture"'

_WAITING = """
SELECT id, content, attachments FROM messages
WHERE id IN (SELECT message FROM unindexed) AND state != 'streaming'
"""

# The averages and the structure of an index with nothing in it, as FTS5 writes them.
_EMPTY = ((1, b""), (10, bytes(7)))
_CHUNK = 50

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
    beside = (part for each in attachments_in(attachments) for part in (each.name, each.words))
    return "\n".join((content, *beside))


def misses(connection: sqlite3.Connection) -> bool:
    """Return whether there are messages that the index should know and does not."""
    found = connection.execute(
        "SELECT 1 FROM unindexed CROSS JOIN messages ON messages.id = message"
        " WHERE state != 'streaming' LIMIT 1"
    )
    return found.fetchone() is not None


def leave_out(connection: sqlite3.Connection, *messages: int) -> None:
    """Note that messages are not in the index."""
    numbers = ((message,) for message in messages)
    connection.executemany("INSERT OR IGNORE INTO unindexed VALUES (?)", numbers)


def known_text(connection: sqlite3.Connection, message: int) -> str | None:
    """Return with which text a message is in the index; None if it is not."""
    row = connection.execute(
        "SELECT content, attachments FROM messages WHERE id = ?"
        " AND id NOT IN (SELECT message FROM unindexed)",
        (message,),
    ).fetchone()
    return text_of(*row) if row else None


def take(connection: sqlite3.Connection, message: int) -> None:
    """Remove a message from the index, if it is there, before its text is changed."""
    text = known_text(connection, message)
    if text is not None:
        connection.execute(
            "INSERT INTO texts (texts, rowid, text) VALUES ('delete', ?, ?)",
            (message, tokens(text)),
        )
        leave_out(connection, message)


def put_fresh(connection: sqlite3.Connection, messages: Collection[int]) -> None:
    """Put messages just written into the index, unless that takes long: then they wait."""
    if len(messages) > _MOST_AT_ONCE:
        return

    def put() -> None:
        rows = connection.execute(
            f"{_WAITING} AND id IN (SELECT value FROM json_each(?))"  # noqa: S608 our own words
            " AND (length(content) + length(attachments) <= ? OR instr(attachments, ?))",
            (json.dumps(list(messages)), _LONGEST_AT_ONCE, _PICTURE),
        )
        for message, *texts in rows.fetchall():
            text = text_of(*texts)
            if len(text) <= _LONGEST_AT_ONCE:
                _put(connection, message, tokens(text))

    change_alone(connection, put)


def catch_up(connection: sqlite3.Connection, seconds: float) -> bool:
    """Put messages into the index that miss in it, newest first; return whether all are in.

    Goes on for about `seconds`. Each transaction is short, so that others can write between.
    Raises sqlite3.Error, after mending what it can if the index turns out to be damaged.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            # The words of a long text take a while: nobody is kept from writing by that.
            worded: list[tuple[Row, str]] = []
            query = f"{_WAITING} ORDER BY id DESC LIMIT ?"
            with closing(connection.execute(query, (_CHUNK,))) as rows:
                for row in rows:
                    worded.append((row, tokens(text_of(*row[1:]))))
                    if time.monotonic() > until:
                        break
            _put_unchanged(connection, worded)
        except BaseException as error:
            roll_back(connection)
            if is_damage(error):
                mend(connection)
            raise
        if not worded:
            return True
        if time.monotonic() > until:
            return False


def is_by_other_rules(connection: sqlite3.Connection) -> bool:
    """Return whether words were taken from texts in another way than now."""
    made_by = connection.execute("SELECT value FROM meta WHERE key = ?", (RULES_KEY,)).fetchone()
    return made_by is None or made_by[0] != RULES


def begin_anew(connection: sqlite3.Connection) -> None:
    """Empty the index, to be filled again, inside the caller's transaction."""
    try:
        connection.execute("DROP TABLE IF EXISTS texts")
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        # FTS5 has to be able to read an index before it lets go of it: here is an empty one.
        connection.execute("DELETE FROM texts_idx")
        connection.execute("DELETE FROM texts_data")
        connection.executemany("INSERT INTO texts_data VALUES (?, ?)", _EMPTY)
        connection.execute("DROP TABLE texts")
    make_index(connection)


def mend(connection: sqlite3.Connection) -> None:
    """Begin a damaged index anew, or, where even that fails, let the next start see to it."""
    _log.warning("the index of words is damaged")
    try:
        connection.execute("BEGIN IMMEDIATE")
        begin_anew(connection)
        connection.execute("COMMIT")
    except sqlite3.DatabaseError:
        roll_back(connection)
        suspect(connection)


def suspect(connection: sqlite3.Connection) -> None:
    """Have the next start look through the whole file."""
    _, _, file = connection.execute("PRAGMA database_list").fetchone()
    if file:
        with suppress(OSError):
            suspicion(Path(file)).touch(mode=0o600)


def change_alone(connection: sqlite3.Connection, work: Callable[[], None]) -> None:
    """Let `work` change the index in a transaction of its own; a fault of the file is only logged.

    What `work` leaves undone must do no harm.
    """
    try:
        _change(connection, work)
    except sqlite3.DatabaseError as error:
        # A full disk, a lock: the message is kept, and found another time.
        _log.warning("the index of words cannot be written: %s", error.sqlite_errorname)


def take_alone(connection: sqlite3.Connection, message: int) -> None:
    """Do what `take` does in a transaction of its own; only a damage of the index does not count.

    Raises sqlite3.Error: then the text must stay, or the index would know what nobody wrote.
    """
    _change(connection, lambda: take(connection, message))


def is_damage(error: BaseException) -> bool:
    """Return whether SQLite says that what it read makes no sense."""
    return primary_code(error) == sqlite3.SQLITE_CORRUPT


def _change(connection: sqlite3.Connection, work: Callable[[], None]) -> None:
    """Let `work` change the index in a transaction of its own; a damaged index is begun anew.

    It has to be of its own: once FTS5 has met a damage, nothing else in the same transaction can
    be written any more. Raises sqlite3.DatabaseError for any other fault.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        work()
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        roll_back(connection)
        if not is_damage(error):
            raise
        mend(connection)


def _put_unchanged(connection: sqlite3.Connection, worded: Collection[tuple[Row, str]]) -> None:
    """Put messages with their words into the index, but those that were changed since."""
    if not worded:
        return
    connection.execute("BEGIN IMMEDIATE")
    for row, words in worded:
        same = f"{_WAITING} AND id = ? AND content = ? AND attachments = ?"
        if connection.execute(same, row).fetchone() is not None:
            _put(connection, row[0], words)
    connection.execute("COMMIT")


def _put(connection: sqlite3.Connection, message: int, words: str) -> None:
    connection.execute("INSERT INTO texts (rowid, text) VALUES (?, ?)", (message, words))
    connection.execute("DELETE FROM unindexed WHERE message = ?", (message,))


def _forget(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT OR IGNORE INTO unindexed SELECT id FROM messages")
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (RULES_KEY, RULES))
