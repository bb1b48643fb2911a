"""What a disk reports, told apart, and of model files as a person reads it. Any thread."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from desktop.domain.errors import StorageError
from desktop.domain.text import Text

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_PROTECTED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def is_full(error: OSError) -> bool:
    """Return whether `error` says that a disk or a quota is used up."""
    return error.errno in _FULL


def is_protected(error: OSError) -> bool:
    """Return whether `error` says that this account may not write there."""
    return error.errno in _PROTECTED


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
    if is_full(error):
        return StorageError(
            Text("The disk is full"),
            Text("Free some space on the disk that holds {folder}, then try again.", place),
        )
    if error.errno == errno.EFBIG:
        return StorageError(
            Text("The file is too large for this kind of disk"),
            Text("Disks formatted as FAT32 hold files of up to 4 GB. Choose another disk."),
        )
    if is_protected(error):
        return StorageError(
            Text("The folder {folder} may not be changed", place),
            Text("Allow writing to it, or choose another folder."),
        )
    reason = error.strerror or type(error).__name__
    return StorageError(
        Text("The disk did not do what was asked"),
        Text("It says: {reason}. Check {folder}, then try again.", place | {"reason": reason}),
    )
