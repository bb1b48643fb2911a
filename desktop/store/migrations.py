"""The shape of the database, as a list of named steps from the empty file to today.

Steps are only ever added at the end and never changed: people's files went through them. Runs in
the thread that owns the connection; raises sqlite3.Error and OSError, translated by the caller.
"""

import errno
import logging
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from desktop.base.files import sync_file
from desktop.store.connection import APPLICATION_ID, companions, connect, connect_reader, roll_back
from desktop.store.faults import Damage, newer
from desktop.store.index import INDEX_PARTS
from desktop.store.steps import (
    chats_taken_in,
    folders_and_settings,
    more_of_messages,
    words_of_messages,
)

Migration: TypeAlias = Callable[[sqlite3.Connection], None]

KEPT_COPIES = 3

_log = logging.getLogger(__name__)


def chats_and_messages(connection: sqlite3.Connection) -> None:
    """Create chats, each a tree of messages whose active branch ends at `tip`.

    `position` orders chats by last use: clocks jump, counters do not. `draft` is what was typed
    and not sent; the draft of the chat not yet created is in `meta`.
    """
    for statement in (
        """CREATE TABLE chats (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            title TEXT NOT NULL,
            created REAL NOT NULL,
            updated REAL NOT NULL,
            position INTEGER NOT NULL,
            tip INTEGER,
            draft TEXT NOT NULL DEFAULT '',
            deleted REAL
        )""",
        """CREATE TABLE messages (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
            parent INTEGER REFERENCES messages (id) ON DELETE CASCADE,
            role TEXT NOT NULL,
            state TEXT NOT NULL,
            model TEXT NOT NULL,
            usage TEXT,
            note TEXT NOT NULL,
            created REAL NOT NULL,
            content TEXT NOT NULL,
            reasoning TEXT NOT NULL
        )""",
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE INDEX chats_by_position ON chats (position)",
        "CREATE INDEX chats_deleted ON chats (deleted) WHERE deleted IS NOT NULL",
        "CREATE INDEX messages_of_chat ON messages (chat)",
        "CREATE INDEX messages_of_parent ON messages (parent)",
        "CREATE INDEX messages_streaming ON messages (id) WHERE state = 'streaming'",
    ):
        connection.execute(statement)


MIGRATIONS: tuple[Migration, ...] = (
    chats_and_messages,
    folders_and_settings,
    more_of_messages,
    words_of_messages,
    chats_taken_in,
)


def pending(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS
) -> list[Migration]:
    """Return the steps that the database still needs; raises StorageError if it is newer.

    Steps are made in their order, so a list with one of ours missing in it is damaged.
    """
    done = _applied(connection)
    known = [step.__name__ for step in migrations]
    if done > set(known) or (done and done.isdisjoint(known)):
        raise newer(path)
    if done != set(known[: len(done)]):
        raise Damage("the list of steps is not ours")
    return list(migrations[len(done) :])


def migrate(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Bring the database to the newest shape; one with content is copied first.

    All of it is one transaction: whatever happens, and however many processes do it at once, the
    file has its old shape or the newest, and one copy is made.
    """
    if not pending(connection, path, migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have made them while this one waited.
        steps = pending(connection, path, migrations)
        if steps and _applied(connection):
            _check_shared(connection, path)
            keep_copy(path)
        for step in steps:
            _make(connection, step)
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise
    for step in steps:
        _log.info("migration %s applied", step.__name__)


def is_in_shape(
    connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS
) -> bool:
    """Return whether tables and indexes are what the applied steps make."""
    done = _applied(connection)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        for step in migrations:
            if step.__name__ in done:
                _make(model, step)
        return _shape(model) == _shape(connection)


def create(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Make an empty database at `path`, readable by this account only.

    It appears under its name when it is complete: an empty file there is never ours.
    """
    unfinished = blank(path)
    with closing(connect(unfinished)) as connection:
        migrate(connection, unfinished, migrations)
    unfinished.replace(path)


def blank(path: Path) -> Path:
    """Return a fresh, empty file beside `path` in which a database can be built."""
    unfinished = path.with_name(f"{path.name}-new")
    for left_over in (unfinished, *companions(unfinished)):
        left_over.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return unfinished


def copies_folder(path: Path) -> Path:
    """Return the folder of the copies kept of the database at `path`."""
    return path.parent / "copies"


def copies(path: Path) -> list[Path]:
    """Return the copies kept of the database at `path`, oldest first."""
    return sorted(copies_folder(path).glob(f"{path.stem}-[0-9]*{path.suffix}"), key=_number)


def keep_copy(path: Path) -> Path:
    """Copy the database into `copies` beside it, keep the newest few, return the copy.

    Whoever else changes it goes on doing so, as does whoever is about to.
    """
    if shutil.disk_usage(path.parent).free < path.stat().st_size:
        raise _no_room(path)
    earlier = copies(path)
    number = _number(earlier[-1]) + 1 if earlier else 1
    target = copies_folder(path) / f"{path.stem}-{number:04d}{path.suffix}"
    target.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = blank(target)
    try:
        with closing(connect_reader(path)) as source:
            source.execute("VACUUM INTO ?", (str(unfinished),))
        # SQLite leaves the copy to the system's cache.
        sync_file(unfinished)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    for old in [*earlier, target][:-KEPT_COPIES]:
        old.unlink(missing_ok=True)
    return target


def _shape(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master")
    return {
        (kind, name, "".join(str(sql).split()))
        for kind, name, sql in rows
        if name not in INDEX_PARTS
    }


def _applied(connection: sqlite3.Connection) -> set[str]:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    if known is None:
        return set()
    return {name for (name,) in connection.execute("SELECT name FROM migrations")}


def _check_shared(connection: sqlite3.Connection, path: Path) -> None:
    """Raise OSError where the disk is so full that `connection` has the file for itself alone."""
    ((mode,),) = connection.execute("PRAGMA locking_mode").fetchall()
    if mode == "exclusive":
        raise _no_room(path)


def _no_room(path: Path) -> OSError:
    return OSError(errno.ENOSPC, "too little room for a copy", str(path))


def _make(connection: sqlite3.Connection, step: Migration) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL)"
    )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    step(connection)
    connection.execute("INSERT INTO migrations VALUES (?, ?)", (step.__name__, time.time()))


def _number(copy: Path) -> int:
    found = re.search(r"-(\d+)$", copy.stem)
    return int(found[1]) if found else 0
