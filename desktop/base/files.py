"""Files that are either the old one or the new one, whatever happens in between."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import IO, Final

_UNFINISHED: Final = ".lapis-"
_TRIES: Final = 100
_BINARY: Final = getattr(os, "O_BINARY", 0)
# Windows renames nothing over a file that somebody has open: a second Lapis, a virus scanner. Both
# are done in a moment (MoveFileEx: ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION).
_PAUSES: Final = (0.01, 0.05, 0.2, 0.5) if sys.platform == "win32" else ()


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, readable by this account only; raises OSError.

    Written beside the target, flushed to the disk, then renamed over it, then the folder flushed:
    a crash or a full disk at any point leaves the old file whole.
    """
    with replaced(path) as stream:
        stream.write(content)


def is_unfinished(name: str) -> bool:
    """Return whether a file of that name is one that `write_atomically` writes first."""
    return name.startswith(_UNFINISHED)


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """Give a stream whose content takes the place of `path` at the end; raises OSError.

    As with `write_atomically`; what raises inside leaves the old file, and nothing beside it.
    """
    handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
    with _taking_the_place_of(path, Path(name), handle) as stream:
        yield stream


def write_alone(path: Path, content: bytes) -> None:
    """Do the same where nobody else writes `path` at the same time; raises OSError.

    What a kill in the middle leaves has a known name, `temporary_of(path)`, and is overwritten by
    the next time.
    """
    temporary = temporary_of(path)
    # Never through a link: whoever can write to a shared folder could have put one there.
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
    with _taking_the_place_of(path, temporary, handle) as stream:
        stream.write(content)


def temporary_of(path: Path) -> Path:
    """Return where `write_alone` writes first."""
    return path.with_name(f"{path.name}.new")


@contextmanager
def _taking_the_place_of(path: Path, temporary: Path, handle: int) -> Iterator[IO[bytes]]:
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _rename(temporary, path)
    finally:
        # There only if it did not become the target.
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _rename(temporary: Path, path: Path) -> None:
    for seconds in _PAUSES:
        try:
            temporary.replace(path)
        except PermissionError:
            time.sleep(seconds)
        else:
            return
    temporary.replace(path)


def sync_file(path: Path) -> None:
    """Flush what others have written into a file to the disk; raises OSError."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Flush the names in `folder` to the disk, where the system can; raises OSError."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make `folder`, for this account only, and those above it; raises OSError.

    Whoever removes empty folders above it at the same moment only has them made again.
    """
    for _ in range(_TRIES):
        with suppress(FileNotFoundError, FileExistsError):
            folder.mkdir(mode=0o700, parents=True)
            return
    folder.mkdir(mode=0o700, parents=True)


def opened_at_once(path: Path) -> FileIO:
    """Open `path` for reading; a pipe or a device of that name holds nobody up. Raises OSError.

    Whether it is a regular file is for the caller to look at.
    """
    # Opened by FileIO itself: a descriptor handed to it stays open where it refuses, as a folder's.
    return FileIO(path, opener=_at_once)


def _at_once(path: str, flags: int) -> int:
    for name in ("O_NONBLOCK", "O_NOCTTY"):
        flags |= getattr(os, name, 0)
    return os.open(path, flags)


def size_of(path: Path) -> int:
    """Return the size of a file in bytes; 0 for what cannot be looked at."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # it is not there, or its name can be none
        return 0
