"""The process that finds the colours of code and draws formulas.

Both are pure Python that holds the interpreter, and some input makes them run for ever. Here they
disturb nobody: each order has its seconds, then the process ends itself and the next order gets a
new one. Runs in that process; never imports Qt.
"""

import os
import sys
from typing import BinaryIO, Final

from desktop.inference.child import claim_output, ended_after, harden, limit_memory
from desktop.ui.typeset_messages import (
    Colour,
    Coloured,
    Draw,
    Drawn,
    Order,
    Refused,
    Reply,
    encode,
    read_order,
)

__all__ = ["answer", "main"]

_MEMORY: Final = 1 << 30
_COLOUR_SECONDS: Final = 4.0
_DRAW_SECONDS: Final = 3.0
_FIRST_SECONDS: Final = 20.0


def main(parent: int) -> None:
    """Answer orders until the pipe of the process `parent` closes."""
    replies = claim_output()
    harden(parent)
    limit_memory(_MEMORY)
    orders: BinaryIO = sys.stdin.buffer
    first: set[type[Order]] = {Colour, Draw}
    while (order := read_order(orders)) is not None:
        seconds = _COLOUR_SECONDS if isinstance(order, Colour) else _DRAW_SECONDS
        if type(order) in first:
            first.remove(type(order))
            seconds += _FIRST_SECONDS
        with ended_after(seconds):
            reply = answer(order)
        replies.write(encode(reply))
        replies.flush()
    os._exit(0)


def answer(order: Order) -> Reply:
    """Carry an order out."""
    match order:
        case Colour(code=code, language=language):
            from desktop.ui.highlight import lines_of

            return Coloured(lines_of(code, language))
        case Draw(tex=tex, size=size, display=display):
            from desktop.ui.formula_drawing import draw

            drawn = draw(tex, size, display=display)
            return Refused() if drawn is None else Drawn(*drawn)
