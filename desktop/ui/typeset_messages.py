"""What the window and its typesetting process say to each other.

MessagePack behind a length, never objects: what comes back is checked like any foreign data. Any
thread, both processes.
"""

from typing import BinaryIO, Final, TypeAlias

import msgspec

__all__ = [
    "MAX_FRAME",
    "Colour",
    "Coloured",
    "Draw",
    "Drawn",
    "Order",
    "Refused",
    "Reply",
    "encode",
    "read_order",
    "read_reply",
]

MAX_FRAME: Final = 8 * 1024 * 1024


class Colour(msgspec.Struct, frozen=True, tag="colour"):
    """Find what each piece of `code` is."""

    code: str
    language: str


class Draw(msgspec.Struct, frozen=True, tag="draw"):
    """Draw a formula; `size` is the em in pixels, `display` the style of formulas by themselves."""

    tex: str
    size: float
    display: bool


class Coloured(msgspec.Struct, frozen=True, tag="coloured"):
    """For each line its runs: start, length (in UTF-16 units) and role, one after the other."""

    lines: list[list[int]]


class Drawn(msgspec.Struct, frozen=True, tag="drawn"):
    """A formula as SVG in black; `ascent` and `descent` from its baseline, all in pixels."""

    svg: str
    width: float
    ascent: float
    descent: float


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It could not be done."""


Order: TypeAlias = Colour | Draw
Reply: TypeAlias = Coloured | Drawn | Refused


def encode(message: Order | Reply) -> bytes:
    """Return what goes over the pipe."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "big") + body


def read_order(stream: BinaryIO) -> Order | None:
    """Return the next order; None when there will be no more. Raises ValueError."""
    body = _frame(stream)
    return None if body is None else msgspec.msgpack.decode(body, type=Order)


def read_reply(stream: BinaryIO) -> Reply | None:
    """Return the next reply; None when the process has ended. Raises ValueError."""
    body = _frame(stream)
    return None if body is None else msgspec.msgpack.decode(body, type=Reply)


def _frame(stream: BinaryIO) -> bytes | None:
    head = stream.read(4)
    if len(head) < 4:
        return None
    length = int.from_bytes(head, "big")
    if length > MAX_FRAME:
        raise ValueError("a message is longer than any may be")
    body = stream.read(length)
    return body if len(body) == length else None
