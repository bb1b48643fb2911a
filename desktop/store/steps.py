"""What changed in the shape of the database after its first version, step by step.

Steps are never changed: people's files went through them. Runs in the thread that owns the
connection.
"""

import sqlite3

from desktop.store.index import make_index


def folders_and_settings(connection: sqlite3.Connection) -> None:
    """Add folders, and to chats what a person arranges and sets.

    `pinned` is the place among the pinned ones, or NULL; `settings` a JSON object or nothing. A
    deleted folder keeps its chats until it goes for good, so that it can be restored with them.
    """
    for statement in (
        """CREATE TABLE folders (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            position INTEGER NOT NULL,
            is_open INTEGER NOT NULL DEFAULT 1,
            deleted REAL
        )""",
        "ALTER TABLE chats ADD COLUMN folder INTEGER REFERENCES folders (id) ON DELETE SET NULL",
        "ALTER TABLE chats ADD COLUMN pinned INTEGER",
        "ALTER TABLE chats ADD COLUMN archived INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE chats ADD COLUMN titled_by TEXT NOT NULL DEFAULT 'question'",
        "ALTER TABLE chats ADD COLUMN icon TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE chats ADD COLUMN settings TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX chats_of_folder ON chats (folder) WHERE folder IS NOT NULL",
        """CREATE TABLE saved (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            json TEXT NOT NULL,
            position INTEGER NOT NULL,
            PRIMARY KEY (kind, id)
        ) WITHOUT ROWID""",
    ):
        connection.execute(statement)


def more_of_messages(connection: sqlite3.Connection) -> None:
    """Add what goes with a message beside its text, and the tree in an index of its own.

    `attachments` and `tool_calls` are JSON lists, `memory` a JSON object, or nothing.
    """
    for statement in (
        "ALTER TABLE messages ADD COLUMN attachments TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE messages ADD COLUMN tool_calls TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE messages ADD COLUMN thinking_seconds REAL",
        "ALTER TABLE messages ADD COLUMN edited INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE messages ADD COLUMN memory TEXT NOT NULL DEFAULT ''",
        # A chat's tree is read from the index alone, without passing over texts.
        "CREATE INDEX messages_tree ON messages (chat, parent, role)",
        "DROP INDEX messages_of_chat",
    ):
        connection.execute(statement)


def words_of_messages(connection: sqlite3.Connection) -> None:
    """Add the index of words; what was written so far is put into it little by little."""
    make_index(connection)


def chats_taken_in(connection: sqlite3.Connection) -> None:
    """Add by which sign a chat that came from a file is known again."""
    connection.execute(
        """CREATE TABLE taken_in (
            fingerprint TEXT PRIMARY KEY,
            chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE
        ) WITHOUT ROWID"""
    )
    connection.execute("CREATE INDEX taken_in_of_chat ON taken_in (chat)")
