"""Looking at the chats file without changing anything: for `lapis doctor`, in its thread."""

from contextlib import closing
from pathlib import Path

from desktop.domain.errors import LapisError
from desktop.store.connection import PATIENCE_SECONDS, connect_reader
from desktop.store.faults import STORE_FAULTS, cause_of, explain
from desktop.store.opening import check_content, check_file, check_owner


def chats_fault(path: Path, *, patience: float = PATIENCE_SECONDS) -> LapisError | None:
    """Return what is wrong with the database at `path`; None if it is whole.

    Reads all of it (about a second a gigabyte). `patience` in seconds is how long a lock of
    another program is waited for.
    """
    try:
        check_file(path)
        with closing(connect_reader(path, patience=patience)) as connection:
            check_owner(connection, path)
            check_content(connection)
    except STORE_FAULTS as error:
        return explain(cause_of(error, path), path)
    except LapisError as error:
        return error
    return None
