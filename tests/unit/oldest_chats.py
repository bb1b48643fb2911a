"""A chats file as the first version left it, cut off in an answer."""

import sqlite3
from contextlib import closing
from pathlib import Path

OLDEST = """
PRAGMA application_id = 0x4C415049;
CREATE TABLE migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL);
INSERT INTO migrations VALUES ('chats_and_messages', 1.0);
CREATE TABLE chats (
    id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, created REAL NOT NULL,
    updated REAL NOT NULL, position INTEGER NOT NULL, tip INTEGER,
    draft TEXT NOT NULL DEFAULT '', deleted REAL
);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    parent INTEGER REFERENCES messages (id) ON DELETE CASCADE,
    role TEXT NOT NULL, state TEXT NOT NULL, model TEXT NOT NULL, usage TEXT, note TEXT NOT NULL,
    created REAL NOT NULL, content TEXT NOT NULL, reasoning TEXT NOT NULL
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX chats_by_position ON chats (position);
CREATE INDEX chats_deleted ON chats (deleted) WHERE deleted IS NOT NULL;
CREATE INDEX messages_of_chat ON messages (chat);
CREATE INDEX messages_of_parent ON messages (parent);
CREATE INDEX messages_streaming ON messages (id) WHERE state = 'streaming';
INSERT INTO chats (title, created, updated, position, tip) VALUES ('Old chat', 1.0, 2.0, 1, 2);
INSERT INTO messages VALUES (1, 1, NULL, 'user', 'complete', '', NULL, '', 1.0, 'Hello?', '');
INSERT INTO messages VALUES (2, 1, 1, 'assistant', 'streaming', 'm', NULL, '', 2.0, 'Hel', '');
"""


def oldest(path: Path) -> Path:
    """Write it at `path`; return that."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLDEST)
    return path
