"""What happens when the database is damaged or missing: nothing is lost silently.

The damaged file is moved aside, never overwritten; what can be read takes its place; the person is
told. Each step leaves a state from which the next start goes on. Runs in the thread that opens the
database; raises sqlite3.Error and OSError, translated by the caller.
"""

import json
import logging
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

from desktop.domain.errors import StorageError
from desktop.domain.text import Text, Value
from desktop.store import index
from desktop.store.connection import companions, connect, move_aside
from desktop.store.copies import copy_files
from desktop.store.faults import suspicion
from desktop.store.migrations import blank, copies_folder, create, migrate
from desktop.store.salvage import Row, Salvaged, copy_with_journal, salvage

_TYPES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {"TEXT": (str,), "INTEGER": (int,), "REAL": (int, float)}
)

_log = logging.getLogger(__name__)


def begin(path: Path) -> StorageError | None:
    """Make the missing database at `path`; return what to tell if there had been one."""
    ready = _ready(path)
    if ready.exists():
        # The last start was interrupted between its last two steps.
        move_aside(path)
        ready.replace(path)
        return _told_again(path)
    stray = companions(path)
    if stray:
        move_aside(path)
    create(path)
    kept = copy_files(path)
    if not stray and not kept and not _set_aside(path):
        return None
    _log.warning("the database was missing")
    return StorageError(
        Text("The chats file was missing, so a new one was begun"),
        Text("If copies were kept, they are in {folder}.", {"folder": str(copies_folder(path))}),
    )


def recover(path: Path) -> StorageError:
    """Replace the damaged database at `path` by what can be read of it; return what to tell."""
    ready = _ready(path)
    found = salvage(path)
    kept = copy_files(path)
    unfinished = blank(path)
    from_copy = not found and bool(kept)
    if from_copy:
        shutil.copyfile(kept[0], unfinished)
    else:
        _build(unfinished, found)
    unfinished.replace(ready)
    aside = move_aside(path)
    ready.replace(path)
    suspicion(path).unlink(missing_ok=True)
    _log.warning(
        "damaged database: chats=%d messages=%d recovered, from copy: %s",
        len(found.chats),
        len(found.messages),
        from_copy,
    )
    return _told(found, aside, from_copy=from_copy)


def make_index_anew(path: Path) -> StorageError:
    """Replace the database at `path`, in which only the index of words is damaged, by itself.

    All but the index is taken over as it is. Returns what to tell.
    """
    unfinished = blank(path)
    with tempfile.TemporaryDirectory(prefix=".recovery-", dir=path.parent) as folder:
        work = Path(folder) / "work.db"
        copy_with_journal(path, work)
        with closing(sqlite3.connect(work, isolation_level=None)) as connection:
            # Dropping its tables would go through their pages; this only forgets them.
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute(
                "DELETE FROM sqlite_master WHERE tbl_name IN (SELECT value FROM json_each(?))",
                (json.dumps(["texts", *index.INDEX_PARTS]),),
            )
        with closing(sqlite3.connect(work, isolation_level=None)) as connection:
            connection.execute("VACUUM INTO ?", (str(unfinished),))
    with closing(connect(unfinished)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        index.begin_anew(connection)
        connection.execute("COMMIT")
    ready = _ready(path)
    unfinished.replace(ready)
    aside = move_aside(path)
    ready.replace(path)
    suspicion(path).unlink(missing_ok=True)
    _log.warning("the index of words was damaged and is made anew")
    return StorageError(
        Text("The search index was damaged and is being made again"),
        Text("No chat was lost. The damaged file was kept as {file}.", {"file": str(aside)}),
    )


def _told(found: Salvaged, aside: Path, *, from_copy: bool) -> StorageError:
    values: dict[str, Value] = {
        "file": str(aside),
        "chats": len(found.chats),
        "messages": len(found.messages),
    }
    if from_copy:
        return StorageError(
            Text("The chats file was damaged, so the newest copy of it is shown"),
            Text("Later chats are missing. The damaged file was kept as {file}.", values),
        )
    if found:
        return StorageError(
            Text("The chats file was damaged; what could be read was recovered"),
            Text(
                "{chats} chats with {messages} messages are here. The damaged file was kept as {file}.",
                values,
            ),
        )
    return StorageError(
        Text("The chats file was damaged, and nothing in it could be read"),
        Text("A new one was begun. The damaged file was kept as {file}.", values),
    )


def _told_again(path: Path) -> StorageError:
    return StorageError(
        Text("The chats file was damaged; what could be read was recovered"),
        Text("The damaged file was kept in {folder}.", {"folder": str(path.parent)}),
    )


def _build(target: Path, found: Salvaged) -> None:
    with closing(connect(target)) as connection:
        migrate(connection, target)
        connection.execute("BEGIN IMMEDIATE")
        now = time.time()
        for place, row in enumerate(found.folders.values(), start=1):
            _insert(connection, "folders", {"name": "", "position": place}, row)
        for place, row in enumerate(found.chats.values(), start=1):
            defaults: Row = {"title": "", "created": now, "updated": now, "position": place}
            _insert(connection, "chats", defaults, row)
        for row in found.messages.values():
            defaults = {"model": "", "note": "", "reasoning": "", "created": now}
            _insert(connection, "messages", defaults, row)
        for place, row in enumerate(found.saved, start=1):
            _insert(connection, "saved", {"position": place}, row)
        index.begin_anew(connection)
        mine = ((key, text) for key, text in found.meta.items() if key != index.RULES_KEY)
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", mine)
        connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, table: str, defaults: Row, row: Row) -> None:
    """Add what is usable of `row`; a value of the wrong type is damage too."""
    usable = dict(defaults)
    for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({table})"):
        if isinstance(row.get(name), _TYPES[kind]):
            usable[name] = row[name]
    names = ", ".join(usable)
    holes = ", ".join("?" * len(usable))
    connection.execute(
        f"INSERT INTO {table} ({names}) VALUES ({holes})",  # noqa: S608 names of our own columns
        tuple(usable.values()),
    )


def _ready(path: Path) -> Path:
    return path.with_name(f"{path.name}-recovered")


def _set_aside(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}.damaged-*"))
