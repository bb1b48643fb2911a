"""What a disk reports while model files are written, moved or removed, as a person reads it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop.domain.errors import StorageError
from desktop.domain.text import Text


@contextmanager
def told_about(folder: Path) -> Iterator[None]:
    """Turn OSErrors of work in `folder` into StorageErrors."""
    try:
        yield
    except OSError as error:
        raise file_fault(error, folder) from error


def file_fault(error: OSError, folder: Path) -> StorageError:
    """Return the words for what the disk reported while working in `folder`."""
    place = {"folder": str(folder)}
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StorageError(
                Text("The disk is full"),
                Text("Free some space on the disk that holds {folder}, then try again.", place),
            )
        case errno.EFBIG:
            return StorageError(
                Text("The file is too large for this kind of disk"),
                Text("Disks formatted as FAT32 hold files of up to 4 GB. Choose another disk."),
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StorageError(
                Text("The folder {folder} may not be changed", place),
                Text("Allow writing to it, or choose another folder."),
            )
        case _:
            reason = error.strerror or type(error).__name__
            return StorageError(
                Text("The disk did not do what was asked"),
                Text(
                    "It says: {reason}. Check {folder}, then try again.", place | {"reason": reason}
                ),
            )
