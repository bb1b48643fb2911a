"""The database about models as a file: opened, begun, and put aside when it is damaged.

Unlike chats nothing in it is precious but what people set for single models: that is carried over
as far as it can be read; all else comes back by looking at the models again. Several processes may
open it, begin it and find it damaged at the same time. The caller's thread.
"""

import logging
import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from desktop.domain.errors import StorageError
from desktop.store.connection import APPLICATION_ID, companions, connect
from desktop.store.faults import STORE_FAULTS, Cause, Damage, cause_of
from desktop.store.migrations import is_in_shape, migrate, pending
from desktop.store.record_faults import begun_anew, newer_record
from desktop.store.record_steps import RECORD_STEPS

_PAUSE_SECONDS: Final = 0.02
_HEAD: Final = 100

_log = logging.getLogger(__name__)


def open_records(path: Path, patience: float) -> sqlite3.Connection:
    """Open the database at `path` for any thread, made where there is none.

    `patience` in seconds is how long a lock of another process is waited for. Raises STORE_FAULTS,
    and StorageError for what a newer version wrote.
    """
    until = time.monotonic() + patience
    while True:
        try:
            return _open(path, patience)
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself while another process makes the file a WAL database.
            if cause_of(error, path) is not Cause.LOCKED or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)


def put_aside(path: Path, patience: float) -> StorageError:
    """Rename the damaged database, begin a new one with the defaults, return what to tell."""
    number = 1
    while any(path.parent.glob(f"{path.name}.damaged-{number}*")):
        number += 1
    aside = path.with_name(f"{path.name}.damaged-{number}")
    path.replace(aside)
    for old in companions(path):
        old.replace(f"{aside}{old.name.removeprefix(path.name)}")
    kept = _readable_defaults(aside)
    with closing(open_records(path, patience)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT OR IGNORE INTO defaults VALUES (?, ?)", kept)
        connection.execute("COMMIT")
    _log.warning("the database about models was damaged; defaults kept: %d", len(kept))
    return begun_anew(aside)


def _open(path: Path, patience: float) -> sqlite3.Connection:
    # Not made aside and renamed: two processes that begin at once must end with one file.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    # Bytes 68 to 71 of the header say whose file it is; what is not ours is not even opened.
    if int.from_bytes(head[68:72], "big") not in {0, APPLICATION_ID}:
        raise Damage("another program's file")
    connection = connect(path, patience=patience, any_thread=True)
    try:
        _bring_up(connection, path)
        if not is_in_shape(connection, RECORD_STEPS):
            raise Damage("the list of tables is not ours")
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up(connection: sqlite3.Connection, path: Path) -> None:
    try:
        if pending(connection, path, RECORD_STEPS):
            migrate(connection, path, RECORD_STEPS)
    except StorageError as error:
        raise newer_record(path) from error


def _readable_defaults(path: Path) -> list[tuple[bytes, str]]:
    with suppress(*STORE_FAULTS), closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT model, value FROM defaults").fetchall()
        return [
            (model, value)
            for model, value in rows
            if isinstance(model, bytes) and isinstance(value, str)
        ]
    return []
