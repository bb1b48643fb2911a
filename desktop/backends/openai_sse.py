"""Server-sent events as they come over the line, taken apart: bounded, whatever the server sends.

Pure. The library's own decoder would gather an event of any length, which a hostile server need
never end. Source: the HTML standard, "Interpreting an event stream"; of the fields only `data`
matters to this protocol.
"""

import re
from collections.abc import Iterator
from typing import Final

MOST_EVENT_BYTES: Final = 2**20
_END: Final = re.compile(rb"\r\n|\n|\r(?!\Z)")
_MARK: Final = b"\xef\xbb\xbf"


class TooLong(ValueError):
    """An event is longer than `MOST_EVENT_BYTES`."""


class EventReader:
    """Fed with the bytes of an answer as they come."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._is_first = True

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield the data of each event that ends in `block`; raises TooLong."""
        # What was looked through is not looked through again, but for a CR at its end.
        seen = max(0, len(self._line) - 1)
        self._line += block
        start = 0
        for end in _END.finditer(self._line, seen):
            yield from self._take(bytes(self._line[start : end.start()]))
            start = end.end()
        del self._line[:start]
        self._check(len(self._line))

    def rest(self) -> Iterator[bytes]:
        """Yield the event that the end of the answer ends: not all servers close the last one."""
        line = bytes(self._line).rstrip(b"\r")
        self._line.clear()
        yield from self._take(line)
        yield from self._take(b"")

    def _take(self, line: bytes) -> Iterator[bytes]:
        if self._is_first:
            line, self._is_first = line.removeprefix(_MARK), False
        if not line:
            data, self._data, self._size = b"\n".join(self._data), [], 0
            if data:
                yield data
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            # Lines without a text cost memory too.
            self._size += len(value) + 64
            self._check(self._size)

    def _check(self, size: int) -> None:
        if size > MOST_EVENT_BYTES:
            raise TooLong
