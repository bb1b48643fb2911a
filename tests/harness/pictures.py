"""Small real pictures for tests, made without a library."""

import struct
import zlib

from desktop.domain.chat import Picture
from desktop.domain.history import Attachment
from desktop.services.pictures import attached

__all__ = ["picture", "png"]


def png(width: int = 4, height: int = 3, red: int = 200, *, comment: bytes = b"") -> bytes:
    """Return a PNG of one colour; `comment` stands in it as text."""
    row = b"\0" + bytes((red, 40, 90)) * width
    chunks = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
    if comment:
        chunks.append(_chunk(b"tEXt", b"Comment\0" + comment))
    chunks += [_chunk(b"IDAT", zlib.compress(row * height)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def picture(name: str = "", width: int = 4, height: int = 3, red: int = 200) -> Attachment:
    """Return such a PNG as what goes with a question."""
    return attached(Picture("image/png", png(width, height, red)), name)


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
