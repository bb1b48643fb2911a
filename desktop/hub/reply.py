"""The reply to a request for the bytes of a file: what it begins with, and what that means.

`replied` blocks and belongs into a `pump`; the rest is pure.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from desktop.domain.errors import LapisError
from desktop.domain.network_log import UNTOLD, Reason
from desktop.hub.client import Client
from desktop.hub.headers import whole_number

_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
# What a signed address says when it is too old, or when its file moved.
_WORN: Final = frozenset({401, 403, 404, 410})


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an answer; `length` is -1 where it does not tell.

    `failure` is what the answer says if it is an error; `interrupt` ends the connection.
    """

    status: int
    encoding: str
    kind: str
    content_range: str
    length: int
    failure: LapisError | None
    interrupt: Callable[[], None]


class Verdict(Enum):
    """What to do with the body of an answer."""

    GOES_ON = auto()
    BEGINS = auto()  # the whole file, though only the rest was asked for
    USELESS = auto()  # the part has to go, and another request must be made
    OTHER_FILE = auto()  # not as long as it should be
    WORN = auto()  # the address was good for a while only
    WEB_PAGE = auto()
    PACKED = auto()
    ERROR = auto()


def replied(
    client: Client, url: str, have: int, end: int = 0, *, why: Reason = UNTOLD
) -> Iterator[Head | bytes]:
    """Yield the head of the answer for the bytes from `have` on, then these; raises NetworkError.

    With `end` only those before it are asked for, and the connection stays open for the next.
    """
    last = str(end - 1) if end else ""
    headers = {"Range": f"bytes={have}-{last}"} if have or end else {}
    with client.stream(url, headers, why=why) as stream:
        said = stream.headers
        is_good = stream.status in {200, 206}
        yield Head(
            stream.status,
            said.get("content-encoding", "").strip().lower(),
            said.get("content-type", "").partition(";")[0].strip().lower(),
            said.get("content-range", ""),
            whole_number(said.get("content-length", "")),
            None if is_good else stream.failure(),
            stream.interrupt,
        )
        if is_good:
            yield from stream.blocks(keeps_line=bool(end))


def judge(head: Head, have: int, size: int, *, is_signed: bool, end: int = 0) -> Verdict:
    """Return what `head` means for a part of `have` of `size` bytes.

    `is_signed`: the address came from the hub and is worth asking for again. `end` as asked for.
    """
    if head.status in _WORN and is_signed:
        return Verdict.WORN
    if head.status == 416:
        return Verdict.USELESS
    if head.failure is not None:
        return Verdict.ERROR
    if head.kind == "text/html":
        return Verdict.WEB_PAGE
    if head.encoding not in {"", "identity"}:
        return Verdict.PACKED
    place = have if head.status == 206 else 0
    if head.status == 206:
        said = _CONTENT_RANGE.fullmatch(head.content_range)
        if said is None or int(said[1]) != have or said[2] not in {str(size), "*"}:
            return Verdict.USELESS
    wanted = end if end and head.status == 206 else size
    if head.length not in {-1, wanted - place}:
        return Verdict.OTHER_FILE
    return Verdict.GOES_ON if place == have else Verdict.BEGINS
