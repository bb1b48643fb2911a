"""A small database that several processes open, begin and bring up to date at the same time.

The caller's thread.
"""

import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from desktop.store.connection import APPLICATION_ID, connect
from desktop.store.faults import Cause, Damage, cause_of
from desktop.store.migrations import Migration, is_in_shape, migrate, pending

_PAUSE_SECONDS: Final = 0.02
_HEAD: Final = 100


def open_shared(path: Path, patience: float, steps: Sequence[Migration]) -> sqlite3.Connection:
    """Open the database at `path` for any thread, made with `steps` where there is none.

    `patience` in seconds is how long a lock of another process is waited for. Raises STORE_FAULTS,
    and StorageError (in words about chats) for what a newer version wrote.
    """
    until = time.monotonic() + patience
    while True:
        try:
            return _open(path, patience, steps)
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself while another process makes the file a WAL database.
            if cause_of(error, path) is not Cause.LOCKED or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)


def _open(path: Path, patience: float, steps: Sequence[Migration]) -> sqlite3.Connection:
    # Not made aside and renamed: two processes that begin at once must end with one file.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    # Bytes 68 to 71 of the header say whose file it is; what is not ours is not even opened.
    if int.from_bytes(head[68:72], "big") not in {0, APPLICATION_ID}:
        raise Damage("another program's file")
    connection = connect(path, patience=patience, any_thread=True)
    try:
        if pending(connection, path, steps):
            migrate(connection, path, steps)
        if not is_in_shape(connection, steps):
            raise Damage("the list of tables is not ours")
    except BaseException:
        connection.close()
        raise
    return connection
