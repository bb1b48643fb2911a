"""What is put in order once a database is open: the index of words, and what was deleted long ago.

Runs in the thread that owns the connection. None of it keeps anybody from reading: on a full disk
it waits for another start.
"""

import logging
import sqlite3

from desktop.store import index
from desktop.store.connection import roll_back

_log = logging.getLogger(__name__)


def settle(connection: sqlite3.Connection, long_ago: float) -> None:
    """Make the index usable, and remove for good what was deleted before `long_ago`."""
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
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM chats WHERE deleted < ?", (long_ago,))
        connection.execute("DELETE FROM folders WHERE deleted < ?", (long_ago,))
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        roll_back(connection)
        _log.warning("what was deleted long ago stays: %s", error.sqlite_errorname)
