"""Beginnings of files that are elsewhere, kept in a folder: fetched once.

An entry's name has what it is of and a checksum of its bytes, so a damaged one is noticed; it counts
as none. The ones that nobody asked for lately go first. Any thread, any process.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from desktop.base.files import write_atomically
from desktop.hub.crowded_folder import keep_newest

MOST_BYTES: Final = 256 * 2**20
"""All entries together; some thirty of the usual ones."""
_MOST_ENTRIES: Final = 2000
_SUFFIX: Final = ".head"


class KeptHeaders:
    """Bytes by what they are of, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        """Keep entries in `folder`, which is made when the first one is."""
        self._folder = folder

    def find(self, about: str) -> tuple[Path, bytes] | None:
        """Return the file of an entry and its bytes; None if nothing whole is there."""
        begin = _hashed(about.encode(errors="replace"))
        try:
            paths = [path for path in self._folder.iterdir() if path.name.startswith(begin)]
        except OSError:
            return None
        for path in paths:
            with suppress(OSError):
                content = path.read_bytes()
                if path.name == _name(begin, content):
                    os.utime(path)
                    return path, content
                path.unlink()
        return None

    def keep(self, about: str, content: bytes) -> Path:
        """Keep an entry and return its file; raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / _name(_hashed(about.encode(errors="replace")), content)
        write_atomically(path, content)
        keep_newest(self._folder, path, most_bytes=MOST_BYTES, most_entries=_MOST_ENTRIES)
        return path


def _name(begin: str, content: bytes) -> str:
    return f"{begin}-{_hashed(content)}{_SUFFIX}"


def _hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
