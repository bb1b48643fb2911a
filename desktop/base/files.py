"""Files that are either the old one or the new one, whatever happens in between."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_BINARY: Final = getattr(os, "O_BINARY", 0)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, readable by this account only; raises OSError.

    Written beside the target, flushed to the disk, then renamed over it, then the folder flushed:
    a crash or a full disk at any point leaves the old file whole.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    _write_over(path, Path(name), os.fdopen(handle, "wb"), content)


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """Give a stream whose content takes the place of `path` at the end; raises OSError.

    As with `write_atomically`; what raises inside leaves the old file, and nothing beside it.
    """
    handle, name = tempfile.mkstemp(prefix=".lapis-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        # There only if it did not become the target.
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_alone(path: Path, content: bytes) -> None:
    """Do the same where nobody else writes `path` at the same time; raises OSError.

    What a kill in the middle leaves has a known name, `temporary_of(path)`, and is overwritten by
    the next time.
    """
    temporary = temporary_of(path)
    # Never through a link: whoever can write to a shared folder could have put one there.
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
    _write_over(path, temporary, os.fdopen(handle, "wb"), content)


def temporary_of(path: Path) -> Path:
    """Return where `write_alone` writes first."""
    return path.with_name(f"{path.name}.new")


def _write_over(path: Path, temporary: Path, stream: IO[bytes], content: bytes) -> None:
    try:
        with stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        # There only if it did not become the target.
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush the names in `folder` to the disk, where the system can; raises OSError."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def size_of(path: Path) -> int:
    """Return the size of a file in bytes; 0 for what cannot be looked at."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
