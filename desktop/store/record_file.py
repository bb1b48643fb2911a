"""The database about models as a file: opened, begun, and put aside when it is damaged.

Unlike chats nothing in it is precious but what people set for single models: that is carried over
as far as it can be read; all else comes back by looking at the models again. Several processes may
open it, begin it and find it damaged at the same time. The caller's thread.
"""

import logging
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from desktop.domain.errors import StorageError
from desktop.store.connection import move_aside
from desktop.store.faults import STORE_FAULTS
from desktop.store.record_faults import begun_anew, newer_record
from desktop.store.record_steps import RECORD_STEPS
from desktop.store.shared_file import open_shared

_log = logging.getLogger(__name__)


def open_records(path: Path, patience: float) -> sqlite3.Connection:
    """Open the database at `path` for any thread, made where there is none.

    `patience` in seconds is how long a lock of another process is waited for. Raises STORE_FAULTS,
    and StorageError for what a newer version wrote.
    """
    try:
        return open_shared(path, patience, RECORD_STEPS)
    except StorageError as error:
        raise newer_record(path) from error


def put_aside(path: Path, patience: float) -> StorageError:
    """Rename the damaged database, begin a new one with the defaults, return what to tell."""
    aside = move_aside(path)
    kept = _readable_defaults(aside)
    with closing(open_records(path, patience)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT OR IGNORE INTO defaults VALUES (?, ?)", kept)
        connection.execute("COMMIT")
    _log.warning("the database about models was damaged; defaults kept: %d", len(kept))
    return begun_anew(aside)


def _readable_defaults(path: Path) -> list[tuple[bytes, str]]:
    with suppress(*STORE_FAULTS), closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT model, value FROM defaults").fetchall()
        return [
            (model, value)
            for model, value in rows
            if isinstance(model, bytes) and isinstance(value, str)
        ]
    return []
