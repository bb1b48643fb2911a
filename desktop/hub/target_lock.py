"""One downloader for each target, across all running copies of Lapis.

A lock file beside the target, locked by the operating system, so that it is free again whatever
becomes of its holder. Any thread.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desktop.domain.errors import AlreadyDownloading
from desktop.domain.text import Text
from desktop.hub.beside import lock_path

# Network folders that know no locks: whoever has one there downloads without.
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
_NOT_BY_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Hold the lock of `target`; raises AlreadyDownloading at once if another has it, or OSError."""
    path = lock_path(target)
    descriptor = _take(path)
    try:
        yield
    finally:
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


def _take(path: Path) -> int:
    while True:
        if path.is_symlink():
            # None of ours: it would make, or lock, a file elsewhere.
            path.unlink()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NOT_BY_LINKS, 0o600)
        try:
            _lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise AlreadyDownloading(
                Text("Another Lapis is downloading this file already"),
                Text("Wait until it is done there, or quit the other one."),
            ) from error
        if _is_at(path, descriptor):
            return descriptor
        # The holder before us removed it between our opening and locking it.
        os.close(descriptor)


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
