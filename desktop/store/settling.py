"""What is put in order once a database is open: answers, the index of words, what was deleted.

Runs in the thread that owns the connection. What `settle` does keeps nobody from reading: on a full
disk, and where something is damaged, it waits for another start.
"""

import logging
import sqlite3

from desktop.domain.history import MessageState
from desktop.store import index
from desktop.store.connection import roll_back

_log = logging.getLogger(__name__)


def tidy(connection: sqlite3.Connection) -> None:
    """Let no answer seem to be written still; reads only what an index points at."""
    connection.execute(
        "UPDATE messages SET state = ? WHERE state = 'streaming'", (MessageState.INTERRUPTED,)
    )


def settle(connection: sqlite3.Connection, long_ago: float) -> None:
    """Make the index usable, and remove for good what was deleted before `long_ago`."""
    try:
        _settle(connection, long_ago)
    except sqlite3.DatabaseError as error:
        roll_back(connection)
        if index.is_damage(error):
            index.suspect(connection)
        _log.warning("what was deleted long ago stays: %s", error.sqlite_errorname)


def _settle(connection: sqlite3.Connection, long_ago: float) -> None:
    if index.is_by_other_rules(connection):
        index.change_alone(connection, lambda: index.begin_anew(connection))
    going = connection.execute(
        "SELECT messages.id FROM chats CROSS JOIN messages ON messages.chat = chats.id"
        " WHERE chats.deleted < ?",
        (long_ago,),
    ).fetchall()

    def take() -> None:
        for (message,) in going:
            index.take(connection, message)

    if going:
        index.change_alone(connection, take)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM chats WHERE deleted < ?", (long_ago,))
    connection.execute("DELETE FROM folders WHERE deleted < ?", (long_ago,))
    connection.execute("COMMIT")
