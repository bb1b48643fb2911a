"""Pictures as files: PNG, BMP, and the collections of icons of Windows and macOS. Any thread.

Sources: the PNG specification; "BITMAPINFOHEADER" and "Icons" of Microsoft; the kinds of entries
that Apple's iconutil writes, each a whole PNG file.
"""

import struct
import zlib
from collections.abc import Sequence
from typing import Final

from installers.pictures.drawing import Picture

# By size in pixels; some sizes are there twice, for plain screens and for those with twice the dots.
_APPLE_KINDS: Final = {
    16: (b"icp4",),
    32: (b"icp5", b"ic11"),
    64: (b"ic12",),
    128: (b"ic07",),
    256: (b"ic08", b"ic13"),
    512: (b"ic09", b"ic14"),
    1024: (b"ic10",),
}
APPLE_SIZES: Final = tuple(_APPLE_KINDS)
WINDOWS_SIZES: Final = (16, 20, 24, 32, 40, 48, 64, 96, 128, 256)
_LARGE: Final = 256


def png(picture: Picture) -> bytes:
    """Return a PNG file with transparency."""
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 6, 0, 0, 0)
    # Each row is told apart from the one above it where that makes it smaller: the kind "up".
    rows = bytearray()
    above = bytes(picture.width * 4)
    for place in range(picture.height):
        row = picture.row(place)
        rows.append(2)
        rows += bytes((new - old) % 256 for new, old in zip(row, above, strict=True))
        above = row
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def bmp(picture: Picture) -> bytes:
    """Return a Windows bitmap without transparency; the picture must have none."""
    padding = bytes(-picture.width * 3 % 4)
    rows = bytearray()
    for place in reversed(range(picture.height)):
        row = picture.row(place)
        for start in range(0, len(row), 4):
            rows += row[start : start + 3][::-1]
        rows += padding
    header = struct.pack("<IiiHHIIiiII", 40, picture.width, picture.height, 1, 24, 0, 0, 0, 0, 0, 0)
    begin = 14 + len(header)
    return struct.pack("<2sIHHI", b"BM", begin + len(rows), 0, 0, begin) + header + bytes(rows)


def ico(pictures: Sequence[Picture]) -> bytes:
    """Return an icon of Windows with `pictures`, squares of at most 256 pixels.

    The largest is a PNG, which Windows knows since Vista; some programs read only plain small ones.
    """
    contents = [png(each) if each.width >= _LARGE else _plain_icon(each) for each in pictures]
    head = struct.pack("<HHH", 0, 1, len(pictures))
    begin = len(head) + 16 * len(pictures)
    entries = b""
    for picture, content in zip(pictures, contents, strict=True):
        size = picture.width % _LARGE
        entries += struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(content), begin)
        begin += len(content)
    return head + entries + b"".join(contents)


def icns(pictures: Sequence[Picture]) -> bytes:
    """Return an icon of macOS with `pictures`, squares of the sizes APPLE_SIZES."""
    entries = b""
    for picture in pictures:
        content = png(picture)
        for kind in _APPLE_KINDS[picture.width]:
            entries += struct.pack(">4sI", kind, len(content) + 8) + content
    return struct.pack(">4sI", b"icns", len(entries) + 8) + entries


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def _plain_icon(picture: Picture) -> bytes:
    """Return one entry of an icon: a bitmap from below, and a mask for who knows no transparency."""
    size = picture.width
    line = bytes(-(-size // 32) * 4)
    pixels = bytearray()
    mask = bytearray()
    for place in reversed(range(size)):
        row = picture.row(place)
        bits = bytearray(line)
        for column in range(size):
            red, green, blue, alpha = row[column * 4 : column * 4 + 4]
            pixels += bytes((blue, green, red, alpha))
            if alpha == 0:
                bits[column // 8] |= 0x80 >> column % 8
        mask += bits
    # The height counts both.
    header = struct.pack("<IiiHHIIiiII", 40, size, size * 2, 1, 32, 0, 0, 0, 0, 0, 0)
    return header + bytes(pixels) + bytes(mask)
