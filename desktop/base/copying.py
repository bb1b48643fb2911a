"""Large files from one disk to another: seen while it goes on, stopped at any time, checked.

A copy gets its name only when it is whole and on the disk; until then it has another ending.
Any thread.
"""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Final

BLOCK: Final = 4 * 2**20


def copy_file(
    source: Path,
    target: Path,
    told: Callable[[int], None],
    cancel: Event,
    *,
    suffix: str = ".part",
) -> bool:
    """Copy `source` to `target`; return whether it was finished; raises OSError.

    `told` gets the size in bytes of each block. Whatever ends it early leaves nothing behind. An
    older file `target` is replaced. The time of change is kept. `suffix` ends the name of what is
    not whole yet.
    """
    unfinished = target.with_name(f"{target.name}{suffix}")
    # Never through a link that somebody put there.
    unfinished.unlink(missing_ok=True)
    try:
        with source.open("rb", buffering=0) as reader, unfinished.open("xb", buffering=0) as writer:
            status = os.fstat(reader.fileno())
            buffer = memoryview(bytearray(min(BLOCK, max(1, status.st_size))))
            left = status.st_size
            # What is written on meanwhile would have no end.
            while left >= 0 and (count := reader.readinto(buffer)):
                left -= count
                if cancel.is_set():
                    return False
                rest = buffer[:count]
                while rest:
                    rest = rest[writer.write(rest) or 0 :]
                told(count)
            os.fsync(writer.fileno())
            copied = os.fstat(writer.fileno()).st_size
            after = os.fstat(reader.fileno())
        was, now = ((each.st_size, each.st_mtime_ns) for each in (status, after))
        if was != now or copied != status.st_size:
            raise OSError(errno.EBUSY, "the file was changed while it was being copied")
        os.utime(unfinished, ns=(status.st_atime_ns, status.st_mtime_ns))
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return True


def sha256_of(path: Path, told: Callable[[int], None], cancel: Event) -> str | None:
    """Return the SHA-256 of a file in hex, None if it was stopped; raises OSError.

    `told` gets the size in bytes of each block. Of a file that grows meanwhile it is that of some
    beginning.
    """
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(BLOCK))
    with path.open("rb", buffering=0) as reader:
        left = os.fstat(reader.fileno()).st_size
        # What is written on meanwhile would have no end.
        while left >= 0 and (count := reader.readinto(buffer)):
            if cancel.is_set():
                return None
            digest.update(buffer[:count])
            left -= count
            told(count)
    return digest.hexdigest()
