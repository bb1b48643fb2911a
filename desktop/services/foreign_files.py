"""The files that somebody wants to take chats from: one, a folder of them, or a ZIP archive.

Everything has a bound: how many names are looked at, how large a file may be, how much an archive
may unpack. Nothing is written beside them, and nothing outside is followed. For a thread that may
wait.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from desktop.base.files import opened_at_once
from desktop.domain.text import Text
from desktop.models.effort import Effort
from desktop.services.foreign_values import Unreadable
from desktop.services.text_files import MOST_BYTES as MOST_TEXT
from desktop.services.text_files import decode

MOST_BYTES: Final = 512 * 2**20
_MOST_UNPACKED: Final = 2 * 2**30
_MOST_DEPTH: Final = 12
_MOST_ENTRIES: Final = 100_000
# Text packs ten to one; what was made to fill the memory packs a thousand to one.
_MOST_RATIO: Final = 200
_HARMLESS: Final = 16 * 2**20
_BLOCK: Final = 2**20
_START: Final = 64

ZIP_START: Final = b"PK\x03\x04"

# Others need no export, and what is damaged in them is told by errors of their own libraries.
_PACKINGS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})

# What Python's reader of archives raises for one that is damaged, locked, or made to do harm.
_ZIP_FAULTS: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, IndexError, KeyError, OverflowError, OSError),
)


class Bundle(Protocol):
    """Some files under names with `/` between the folders."""

    @property
    def names(self) -> list[str]:
        """All of them that may be of interest, in order."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of a file; raises Unreadable."""
        ...


class Folder:
    """The files in a folder and below, or one of them alone."""

    def __init__(self, root: Path, only: str | None = None, effort: Effort | None = None) -> None:
        """Look at the names; links to folders are not followed."""
        self._root = root
        self.names = [only] if only else sorted(_names_below(root, effort or Effort()))

    def read(self, name: str) -> bytes:
        """Return the content; raises Unreadable."""
        return read_file(self.path(name))

    def path(self, name: str) -> Path:
        """Return where a file is."""
        return self._root.joinpath(*PurePosixPath(name).parts)


class Archive:
    """The files in a ZIP archive; close it at the end."""

    def __init__(self, source: Path) -> None:
        """Read its list; raises Unreadable."""
        try:
            self._zip = zipfile.ZipFile(source)
            self._entries = {
                entry.filename: entry for entry in self._zip.infolist()[:_MOST_ENTRIES]
            }
        except _ZIP_FAULTS as error:
            raise Unreadable(Text("The archive is damaged.")) from error
        self.names = sorted(name for name in self._entries if not _is_hidden(name))
        self._left = _MOST_UNPACKED

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def read(self, name: str) -> bytes:
        """Return what is packed, as far as it is what its entry announces; raises Unreadable."""
        entry = self._entries.get(name)
        if entry is None:
            raise Unreadable(Text("It is not there."))
        if entry.compress_type not in _PACKINGS:
            raise Unreadable(Text("It is packed in a way that Lapis does not know."))
        most = min(MOST_BYTES, self._left)
        suspicious = entry.file_size > _HARMLESS + entry.compress_size * _MOST_RATIO
        if entry.file_size > most or suspicious:
            raise Unreadable(Text("It is too large."))
        content = BytesIO()
        try:
            with self._zip.open(entry) as stream:
                # Never more than the entry announces: the rest is not unpacked.
                while block := stream.read(_BLOCK):
                    content.write(block)
        except MemoryError as error:
            raise Unreadable(Text("It is too large.")) from error
        except _ZIP_FAULTS as error:
            if not content.tell():
                why = Text("It is damaged, or locked with a password.")
                raise Unreadable(why) from error
        finally:
            self._left -= content.tell()
        return content.getvalue()


@contextmanager
def archive(source: Path) -> Iterator[Archive]:
    """Open a ZIP archive for a while; raises Unreadable."""
    opened = Archive(source)
    try:
        yield opened
    finally:
        opened.close()


def read_file(path: Path) -> bytes:
    """Return the content of a regular file of at most 512 MiB; raises Unreadable."""
    try:
        with BufferedReader(opened_at_once(path)) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable(Text("It is not a file."))
            if status.st_size > MOST_BYTES:
                raise Unreadable(Text("It is too large."))
            return stream.read(status.st_size)
    except MemoryError as error:
        raise Unreadable(Text("It is too large.")) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise Unreadable(Text("The system says: {reason}", {"reason": reason})) from error


def start_of(path: Path) -> bytes:
    """Return the first bytes of a regular file; empty where there are none."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb", buffering=0) as stream:
            return stream.read(_START) or b""
    except (OSError, ValueError):
        return b""


def sibling(name: str, other: str) -> str:
    """Return the name of a file in the same folder."""
    return str(PurePosixPath(name).with_name(other))


def text_of(content: bytes) -> str:
    """Return a small text file's text, empty for what is none."""
    if len(content) > MOST_TEXT:
        return ""
    return decode(content) or ""


def _names_below(root: Path, effort: Effort) -> Iterator[str]:
    waiting = [(root, "", 0)]
    while waiting:
        folder, prefix, depth = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not effort.spend():
                        return
                    if _is_hidden(entry.name):
                        continue
                    name = f"{prefix}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        if depth < _MOST_DEPTH:
                            waiting.append((Path(entry.path), f"{name}/", depth + 1))
                    elif entry.is_file():
                        yield name
        except (OSError, ValueError):
            continue


def _is_hidden(name: str) -> bool:
    """Tell whether a name, or a folder in it, is one that systems make for themselves."""
    parts = PurePosixPath(name).parts
    return any(part.startswith(("._", "__MACOSX")) or part == ".DS_Store" for part in parts)
