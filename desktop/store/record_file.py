"""The database about models as a file: begun, and put aside when it is damaged.

Unlike chats nothing in it is precious but what people set for single models: that is carried over
as far as it can be read; all else comes back by looking at the models again. The caller's thread.
"""

import logging
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from desktop.store.faults import STORE_FAULTS
from desktop.store.record_steps import RECORD_STEPS
from desktop.store.shared_file import SharedFile

_log = logging.getLogger(__name__)


def record_file(path: Path) -> SharedFile:
    """Return the database at `path`, which need not be there; nothing is touched yet."""
    return SharedFile(path, RECORD_STEPS, _carry_defaults_over)


def _carry_defaults_over(connection: sqlite3.Connection, aside: Path) -> None:
    kept = _readable_defaults(aside)
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT OR IGNORE INTO defaults VALUES (?, ?)", kept)
    connection.execute("COMMIT")
    _log.warning("the database about models was damaged; defaults kept: %d", len(kept))


def _readable_defaults(path: Path) -> list[tuple[bytes, str]]:
    with suppress(*STORE_FAULTS), closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT model, value FROM defaults").fetchall()
        return [
            (model, value)
            for model, value in rows
            if isinstance(model, bytes) and isinstance(value, str)
        ]
    return []
