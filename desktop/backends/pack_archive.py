"""An archive of an engine pack unpacked, with nothing believed that it says of itself.

A `.tar.xz` of flat files. What comes out is exactly what the list names: plain files, each of the
size and with the hash listed. Names are compared and never used as paths, links are refused, and no
more is decompressed than the list allows. Blocks the thread that calls.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import IO, Final, cast

from desktop.domain.engine_pack import EnginePack, PackFile
from desktop.domain.errors import DownloadError
from desktop.domain.text import Text

_BLOCK: Final = 1 << 20
# What a tar file has beside the bytes of its members: heads, padding, blocks at the end.
_HEADS: Final = 1 << 20
# Archives are made with less; a hostile one could ask for gigabytes.
_MOST_MEMORY: Final = 256 << 20


class Unpacked(Exception):
    """The unpacking was told to stop."""


def unpack(
    archive: Path,
    pack: EnginePack,
    folder: Path,
    told: Callable[[int], None],
    cancel: Event,
) -> None:
    """Put the files of `pack` into `folder`, which is empty, read-only and flushed to the disk.

    `told` gets the size in bytes of each block. Raises DownloadError for an archive that is not the
    listed one, Unpacked when `cancel` is set, OSError.
    """
    # Nobody else needs them, and hardly anybody gets a pack.
    import lzma
    import tarfile

    wanted = {file.name: file for file in pack.files}
    try:
        with archive.open("rb") as stream:
            # Of a stream, tarfile wants to read and nothing else.
            source = cast("IO[bytes]", _Bounded(stream, pack.unpacked + _HEADS))
            with tarfile.open(fileobj=source, mode="r|") as members:
                for member in members:
                    file = wanted.pop(member.name, None)
                    content = members.extractfile(member) if member.isreg() else None
                    if file is None or content is None or member.size != file.size:
                        raise _not_listed(pack)
                    _write(content, folder / file.name, file, pack, told, cancel)
    except (tarfile.TarError, lzma.LZMAError, EOFError, ValueError, OverflowError) as error:
        raise _not_listed(pack) from error
    if wanted:
        raise _not_listed(pack)


def _write(
    content: IO[bytes],
    target: Path,
    file: PackFile,
    pack: EnginePack,
    told: Callable[[int], None],
    cancel: Event,
) -> None:
    digest, left = hashlib.sha256(), file.size
    with target.open("xb") as stream:
        while left and (block := content.read(min(_BLOCK, left))):
            if cancel.is_set():
                raise Unpacked
            stream.write(block)
            digest.update(block)
            left -= len(block)
            told(len(block))
        stream.flush()
        os.fsync(stream.fileno())
    if left or digest.hexdigest() != file.sha256:
        raise _not_listed(pack)
    target.chmod(0o400)


class _Bounded:
    """The bytes of an xz stream, as far as `most` of them are wanted."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        import lzma

        self._stream = stream
        self._left = most
        self._xz = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes, none at the end; raises ValueError beyond the bound."""
        while not self._xz.eof:
            packed = self._stream.read(_BLOCK) if self._xz.needs_input else b""
            if self._xz.needs_input and not packed:
                raise EOFError
            found = self._xz.decompress(packed, count)
            self._left -= len(found)
            if self._left < 0:
                msg = "more than is listed"
                raise ValueError(msg)
            if found:
                return found
        return b""


def _not_listed(pack: EnginePack) -> DownloadError:
    return DownloadError(
        Text("The archive is not the listed pack {name}", {"name": pack.name}),
        Text("It was not installed. Get it again."),
    )
