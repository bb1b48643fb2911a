"""What happens when the database is damaged or missing: nothing is lost silently.

The damaged file is moved aside, never overwritten; what can be read takes its place; the person is
told. Each step leaves a state from which the next start goes on. Runs in the thread that opens the
database; raises sqlite3.Error and OSError, translated by the caller.
"""

import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

from desktop.domain.errors import StorageError
from desktop.domain.text import Text, Value
from desktop.store.connection import companions, connect
from desktop.store.faults import suspicion
from desktop.store.migrations import blank, copies, copies_folder, create, migrate
from desktop.store.salvage import Row, Salvaged, salvage

_TYPES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {"TEXT": (str,), "INTEGER": (int,), "REAL": (int, float)}
)

_log = logging.getLogger(__name__)


def begin(path: Path) -> StorageError | None:
    """Make the missing database at `path`; return what to tell if there had been one."""
    ready = _ready(path)
    if ready.exists():
        # The last start was interrupted between its last two steps.
        _move_aside(path)
        ready.replace(path)
        return _told_again(path)
    stray = companions(path)
    if stray:
        _move_aside(path)
    create(path)
    kept = copies(path)
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
    kept = copies(path)
    unfinished = blank(path)
    from_copy = not found and bool(kept)
    if from_copy:
        shutil.copyfile(kept[-1], unfinished)
    else:
        _build(unfinished, found)
    unfinished.replace(ready)
    aside = _move_aside(path)
    ready.replace(path)
    suspicion(path).unlink(missing_ok=True)
    _log.warning(
        "damaged database: chats=%d messages=%d recovered, from copy: %s",
        len(found.chats),
        len(found.messages),
        from_copy,
    )
    return _told(found, aside, from_copy=from_copy)


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
        for place, row in enumerate(found.chats.values(), start=1):
            defaults: Row = {"title": "", "created": now, "updated": now, "position": place}
            _insert(connection, "chats", defaults, row)
        for row in found.messages.values():
            defaults = {"model": "", "note": "", "reasoning": "", "created": now}
            _insert(connection, "messages", defaults, row)
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", found.meta.items())
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


def _move_aside(path: Path) -> Path:
    """Rename the database and what belongs to it to a name of its own; return that name."""
    number = 1
    while any(path.parent.glob(f"{path.name}.damaged-{number}*")):
        number += 1
    aside = path.with_name(f"{path.name}.damaged-{number}")
    # The database first: where it is missing, the next start knows how to go on.
    if os.path.lexists(path):
        path.replace(aside)
    for old in companions(path):
        old.replace(f"{aside}{old.name.removeprefix(path.name)}")
    return aside


def _ready(path: Path) -> Path:
    return path.with_name(f"{path.name}-recovered")


def _set_aside(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}.damaged-*"))
