"""One downloader for each target, across all running copies of Lapis: a lock file beside it.

Any thread.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from desktop.base.file_lock import Taken, give_back, take
from desktop.domain.errors import AlreadyDownloading
from desktop.domain.text import Text
from desktop.hub.beside import lock_path


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Hold the lock of `target`; raises AlreadyDownloading at once if another has it, or OSError."""
    path = lock_path(target)
    try:
        descriptor = take(path)
    except Taken as error:
        raise AlreadyDownloading(
            Text("Another Lapis is downloading this file already"),
            Text("Wait until it is done there, or quit the other one."),
        ) from error
    try:
        yield
    finally:
        give_back(path, descriptor)
