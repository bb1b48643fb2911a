"""A small database that several processes open, begin and bring up to date at the same time.

It is opened, and put aside where it is damaged, by one process after the other: otherwise a second
one would put aside what the first has just begun, or join a file with the journal of another. Any
thread, one at a time.
"""

import errno
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from desktop.base.file_lock import Taken, give_back, take
from desktop.store.connection import APPLICATION_ID, connect, move_aside
from desktop.store.faults import STORE_FAULTS, Cause, Damage, StoreFault, cause_of
from desktop.store.migrations import Migration, is_in_shape, migrate, pending

_PAUSE_SECONDS: Final = 0.02
_HEAD: Final = 100
_NONE: Final = (0, 0)

Identity: TypeAlias = tuple[int, int]
"""What tells a file from another one that got its name."""
Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class SharedFile:
    """One connection to such a database, opened when it is first needed.

    `aside` is where the damaged one went that was there before; None where there was none.
    """

    def __init__(
        self,
        path: Path,
        steps: Sequence[Migration],
        carry_over: Callable[[sqlite3.Connection, Path], None],
        *,
        pragmas: Sequence[str] = (),
    ) -> None:
        """Touch nothing yet. The database is made with `steps`; each connection gets `pragmas`.

        `carry_over` is given a new one, and where the damaged one is whose place it takes.
        """
        self._path = path
        self._steps = steps
        self._carry_over = carry_over
        self._pragmas = pragmas
        self._connection: sqlite3.Connection | None = None
        self._identity = _NONE
        self.aside: Path | None = None

    def work(self, do: Callable[[sqlite3.Connection], Result], patience: float) -> Result:
        """Do something with the database; once more with a new one if it turns out damaged.

        `patience` in seconds is how long others are waited for. Raises STORE_FAULTS, and
        StorageError (in words about chats) for what a newer version wrote.
        """
        if self._identity != _identity(self._path):
            # Another process has put it aside, or a person has.
            self.let_go()
        connection = self._connection or self._open(patience)
        connection.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")
        try:
            return do(connection)
        except STORE_FAULTS as error:
            if not self._is_damage(error):
                raise
        damaged = self._identity
        self.let_go()
        return do(self._open(patience, damaged))

    def let_go(self) -> None:
        """Close the file; the next work opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self, patience: float, damaged: Identity | None = None) -> sqlite3.Connection:
        """Open what is there, or a new one where that is the `damaged` one or turns out to be."""
        with _alone(self._path, patience):
            connection = self._whole(patience, damaged) or self._begun_anew(patience)
            self._connection, self._identity = connection, _identity(self._path)
            for pragma in self._pragmas:
                connection.execute(f"PRAGMA {pragma}")
        return connection

    def _whole(self, patience: float, damaged: Identity | None) -> sqlite3.Connection | None:
        if damaged is not None and damaged == _identity(self._path):
            return None
        try:
            return _opened(self._path, patience, self._steps)
        except STORE_FAULTS as error:
            if not self._is_damage(error):
                raise
        return None

    def _begun_anew(self, patience: float) -> sqlite3.Connection:
        aside = move_aside(self._path)
        connection = _opened(self._path, patience, self._steps)
        try:
            self._carry_over(connection, aside)
        except BaseException:
            connection.close()
            raise
        self.aside = aside
        return connection

    def _is_damage(self, error: StoreFault) -> bool:
        if cause_of(error, self._path) is not Cause.DAMAGED:
            return False
        _log.warning("%s is damaged: %s", self._path.name, type(error).__name__)
        return True


@contextmanager
def _alone(path: Path, patience: float) -> Iterator[None]:
    """Keep others from opening the database; raises OSError if one does for too long."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        descriptor = take(lock, patience)
    except Taken as error:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path)) from error
    except OSError:
        # Where no file can be made, nobody can put one aside.
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            give_back(lock, descriptor)


def _opened(path: Path, patience: float, steps: Sequence[Migration]) -> sqlite3.Connection:
    until = time.monotonic() + patience
    while True:
        try:
            return _opened_now(path, patience, steps)
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself while another process makes the file a WAL database.
            if cause_of(error, path) is not Cause.LOCKED or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)


def _opened_now(path: Path, patience: float, steps: Sequence[Migration]) -> sqlite3.Connection:
    # Not made aside and renamed: two processes that begin at once must end with one file.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    _check_head(path, _identity(path))
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


@cache
def _check_head(path: Path, _which: Identity) -> None:
    """Refuse another program's file: what is not ours is not even opened as a database.

    Each file is looked at once, before this process has a connection to it. Whoever closes a file,
    however it was opened, gives up all locks that the process has on it (POSIX); others then take
    the database for one that nobody uses, and remove its journal.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    # Bytes 68 to 71 say whose file it is.
    if int.from_bytes(head[68:72], "big") not in {0, APPLICATION_ID}:
        raise Damage("another program's file")


def _identity(path: Path) -> Identity:
    try:
        status = path.stat()
    except OSError:
        return _NONE
    return status.st_dev, status.st_ino
