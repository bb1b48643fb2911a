"""Reading what Qt's `QDataStream` wrote, without Qt and without trust.

Big-endian; a `QString` is its length in bytes and UTF-16, a `QByteArray` its length and the bytes,
each with 0xFFFFFFFF for none; a `QVariant` is the number of its type, whether it is null, and the
value ("Serializing Qt Data Types" of Qt 6, versions 6.2 and later). Pure, any thread.
"""

import struct
from typing import Final

_NONE: Final = 0xFFFFFFFF
# The first numbers of `QMetaType::Type`.
_BOOL, _INT, _UINT, _LONG, _ULONG, _DOUBLE, _STRING = 1, 2, 3, 4, 5, 6, 10


class StreamEnded(Exception):
    """What is read next is not there, or is nothing that Qt would write."""


class QtStream:
    """A place in some bytes; every method raises StreamEnded where there is not what it reads."""

    def __init__(self, content: bytes) -> None:
        """Begin at the first byte."""
        self._content = content
        self._place = 0

    @property
    def left(self) -> int:
        """How many bytes follow."""
        return len(self._content) - self._place

    def skip(self, size: int) -> None:
        """Pass over `size` bytes."""
        self._taken(size)

    def boolean(self) -> bool:
        """Read a `bool`."""
        return self._taken(1) != b"\0"

    def int32(self) -> int:
        """Read an `int`."""
        return int.from_bytes(self._taken(4), "big", signed=True)

    def uint32(self) -> int:
        """Read a `quint32`."""
        return int.from_bytes(self._taken(4), "big")

    def int64(self) -> int:
        """Read a `qint64`, such as a `qsizetype`."""
        return int.from_bytes(self._taken(8), "big", signed=True)

    def size(self, smallest: int = 4) -> int:
        """Read how many things follow, as a `qsizetype`, each of at least `smallest` bytes."""
        return self._possible(self.int64(), smallest)

    def size32(self, smallest: int = 4) -> int:
        """Read how many things follow, as an `int`, each of at least `smallest` bytes."""
        return self._possible(self.int32(), smallest)

    def blob(self) -> bytes:
        """Read a `QByteArray`."""
        size = self.uint32()
        return b"" if size == _NONE else self._taken(size)

    def string(self) -> str:
        """Read a `QString`."""
        content = self.blob()
        if len(content) % 2:
            raise StreamEnded
        return content.decode("utf-16-be", "surrogatepass")

    def strings(self) -> list[str]:
        """Read a `QList<QString>`."""
        return [self.string() for _ in range(self._possible(self.uint32(), 4))]

    def variant(self) -> object:
        """Read a `QVariant` of a plain kind."""
        kind = self.uint32()
        self.boolean()  # whether it is null; a value follows all the same
        match kind:
            case 0:
                return None
            case value if value == _BOOL:
                return self.boolean()
            case value if value in {_INT, _UINT}:
                return self.int32()
            case value if value in {_LONG, _ULONG}:
                return self.int64()
            case value if value == _DOUBLE:
                return float(struct.unpack(">d", self._taken(8))[0])
            case value if value == _STRING:
                return self.string()
            case _:
                raise StreamEnded

    def _possible(self, number: int, smallest: int) -> int:
        if not 0 <= number * smallest <= self.left:
            raise StreamEnded
        return number

    def _taken(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise StreamEnded
        start, self._place = self._place, self._place + size
        return self._content[start : self._place]
