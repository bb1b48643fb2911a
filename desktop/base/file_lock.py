"""One holder at a time, across all running copies of Lapis: a file that the system locks.

So the lock is free again whatever becomes of its holder. Any thread; two threads of one process keep
each other out like two processes.
"""

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# Network folders that know no locks: whoever has one there goes without. On macOS the second and
# the third are two numbers.
_NO_LOCKS: Final = frozenset(
    {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
)
_NOT_BY_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
_PAUSE_SECONDS: Final = 0.005


class Taken(Exception):
    """Somebody else holds the lock."""


def take(path: Path, patience: float = 0.0) -> int:
    """Make the file at `path`, lock it, and return its descriptor, which is for `give_back`.

    `patience` in seconds is how long another holder is waited for. Raises Taken, or OSError where
    there can be no such file.
    """
    until = time.monotonic() + patience
    while True:
        if path.is_symlink():
            # None of ours: it would make, or lock, a file elsewhere.
            path.unlink(missing_ok=True)
        descriptor = _locked(path)
        if descriptor is None:
            if time.monotonic() >= until:
                raise Taken(str(path))
            time.sleep(_PAUSE_SECONDS)
        elif _is_at(path, descriptor):
            return descriptor
        else:
            # The holder before us removed it between our opening and locking it.
            os.close(descriptor)


@contextlib.contextmanager
def alone(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock at `path` where that can be had, within `patience` seconds; else go without."""
    try:
        descriptor = take(path, patience)
    except (Taken, OSError):
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            give_back(path, descriptor)


def give_back(path: Path, descriptor: int) -> None:
    """Remove the file at `path` and let others have the lock; raises OSError."""
    try:
        if sys.platform != "win32":
            path.unlink(missing_ok=True)
    finally:
        # Also where the disk has gone: this process would hold the lock until it ends.
        os.close(descriptor)
    if sys.platform == "win32":
        # Not while somebody has it open.
        with contextlib.suppress(OSError):
            path.unlink()


def _locked(path: Path) -> int | None:
    """Return the descriptor of the file at `path`, locked, or None if another holds it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NOT_BY_LINKS, 0o600)
    except PermissionError:
        if sys.platform == "win32" and os.path.lexists(path):
            # Its holder is just removing it.
            return None
        raise
    try:
        _lock(descriptor)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _lock(descriptor: int) -> None:
    """Lock without waiting; raises OSError if it is taken."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        here, ours = path.stat(), os.fstat(descriptor)
    except OSError:
        return False
    return sys.platform == "win32" or (here.st_dev, here.st_ino) == (ours.st_dev, ours.st_ino)
