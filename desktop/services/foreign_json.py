"""JSON of other programs, taken apart without trust: in pieces, and each piece with a bound.

A file may hold a hundred thousand chats, may end in the middle of one, and may be made to use up
all memory; so its chats are found by their brackets first and parsed one by one. Pure, any thread.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from desktop.domain.text import Text
from desktop.services.foreign_values import Unreadable

_MOST_BYTES: Final = 128 * 2**20
_MOST_BRACKETS: Final = 2_000_000
# Of half a gigabyte of chats; far more are no chats, and would take minutes.
_MOST_IN_ALL: Final = 10_000_000
# Up to the next bracket, over strings; possessive, so that no text makes it go back.
_NEXT: Final = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}])', re.DOTALL)
_OPENING: Final = (b"[", b"{")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def looks_like_json(content: bytes) -> bool:
    """Tell whether a file may hold JSON, by its first character."""
    return as_utf8(content[:64]).lstrip()[:1] in _OPENING


def as_utf8(content: bytes) -> bytes:
    """Return `content` without a mark in the beginning, in UTF-8 if the mark says another form."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            rest = content[len(mark) :]
            return rest if encoding == "utf-8" else rest.decode(encoding, "replace").encode()
    return content


def elements(content: bytes) -> Iterator[object | Unreadable]:
    """Yield what is in the outermost array, or the outermost values themselves, one by one.

    Instead of one that is damaged, cut off or too large, the reason is yielded.
    """
    content = as_utf8(content)
    outermost = 1 if content.lstrip()[:1] == b"[" else 0
    depth = start = brackets = place = in_all = 0
    while (found := _NEXT.match(content, place)) is not None:
        place = found.end()
        in_all += 1
        if in_all > _MOST_IN_ALL:
            yield Unreadable(Text("It is too large."))
            return
        if found[1] in _OPENING:
            depth += 1
            if depth == outermost + 1:
                start, brackets = found.start(1), 0
            brackets += 1
            continue
        depth -= 1
        if depth == outermost:
            yield _element(content, start, place, brackets)
        elif depth < outermost:
            return
    if depth > outermost:
        yield Unreadable(Text("The file ends in the middle of it, or is damaged there."))
    elif outermost and depth:
        yield Unreadable(Text("The file is cut off; what comes before was read."))


def lines(content: bytes) -> Iterator[object | Unreadable]:
    """Yield the values of a file that has one on each line; a damaged line costs no other."""
    content = as_utf8(content)
    place = 0
    while place < len(content):
        end = content.find(b"\n", place)
        end = len(content) if end < 0 else end
        line = content[place:end].strip()
        place = end + 1
        if line:
            yield _element(line, 0, len(line), line.count(b"{") + line.count(b"["))


def parsed(content: bytes) -> object:
    """Return the value of a small JSON text; raises Unreadable."""
    content = as_utf8(content)
    value = _element(content, 0, len(content), content.count(b"{") + content.count(b"["))
    if isinstance(value, Unreadable):
        raise value
    return value


def _element(content: bytes, start: int, end: int, brackets: int) -> object | Unreadable:
    if end - start > _MOST_BYTES or brackets > _MOST_BRACKETS:
        return Unreadable(Text("It is too large."))
    piece = content[start:end]
    try:
        decoded: object = msgspec.json.decode(piece)
        return decoded
    except MemoryError:
        return Unreadable(Text("It is too large."))
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        pass
    # More forgiving: half characters, NaN, bytes that are no UTF-8.
    try:
        loose: object = json.loads(piece.decode(errors="replace"), strict=False)
    except (ValueError, RecursionError):
        return Unreadable(Text("It is damaged."))
    return loose
