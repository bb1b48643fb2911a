"""Putting into the index of words what misses in it, beside whoever writes. Any thread but theirs."""

from contextlib import closing
from pathlib import Path
from threading import Event

from desktop.store import index
from desktop.store.connection import connect

_AT_ONCE_SECONDS = 0.01
_PAUSE_SECONDS = 0.02


def index_missing(path: Path, stop: Event) -> None:
    """Complete the index of the database at `path`, until that is done or `stop` is set.

    Writes for a hundredth of a second at a time, so that nobody waits for it. Raises sqlite3.Error
    and OSError.
    """
    with closing(connect(path)) as connection:
        if not index.misses(connection):
            return
        # What is lost with the power is put into the index another time.
        connection.execute("PRAGMA synchronous = NORMAL")
        while not index.catch_up(connection, _AT_ONCE_SECONDS):
            if stop.wait(_PAUSE_SECONDS):
                return
