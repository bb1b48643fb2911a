"""Looking at the chats file without changing anything: for `lapis doctor`, in its thread."""

import errno
from contextlib import closing
from pathlib import Path

from desktop.domain.errors import LapisError
from desktop.store.connection import APPLICATION_ID, PATIENCE_SECONDS, connect_reader
from desktop.store.faults import STORE_FAULTS, Cause, cause_of, explain, foreign
from desktop.store.migrations import is_in_shape, pending


def chats_fault(path: Path, *, patience: float = PATIENCE_SECONDS) -> LapisError | None:
    """Return what is wrong with the database at `path`; None if it is whole.

    Reads all of it (about a second a gigabyte). `patience` in seconds is how long a lock of
    another program is waited for.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder", str(path))
        if path.stat().st_size == 0:
            return explain(Cause.DAMAGED, path)
        with closing(connect_reader(path, patience=patience)) as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application != APPLICATION_ID:
                return foreign(path)
            pending(connection, path)
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok" or not is_in_shape(connection):
                return explain(Cause.DAMAGED, path)
    except STORE_FAULTS as error:
        return explain(cause_of(error, path), path)
    except LapisError as error:
        return error
    return None
