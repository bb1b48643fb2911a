"""A selection that reaches over many messages, most of which are not built.

Its ends are a message, the number of a text in it, and a place in that text as Qt counts; which
message comes first is known by their rows. Pure logic; any thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["LAST", "SELECTS", "Place", "Selection"]

RowOf: TypeAlias = Callable[[int], int | None]

SELECTS = "selectsTexts"
"""The property of a widget that does the selecting for all texts in it."""

LAST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Between two characters: of which message, in which of its texts, where in that."""

    message: int
    text: int
    at: int


@dataclass(frozen=True, slots=True)
class Selection:
    """From where the person began to where they went, up or down."""

    begin: Place
    end: Place

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies between the ends."""
        return self.begin == self.end

    def ordered(self, row_of: RowOf) -> tuple[Place, Place] | None:
        """Return the ends, the upper one first; None if a message of them is gone."""
        begin, end = row_of(self.begin.message), row_of(self.end.message)
        if begin is None or end is None:
            return None
        if (begin, self.begin.text, self.begin.at) <= (end, self.end.text, self.end.at):
            return self.begin, self.end
        return self.end, self.begin

    def rows(self, row_of: RowOf) -> range:
        """Return the rows it touches."""
        ends = self.ordered(row_of)
        if ends is None or self.is_empty:
            return range(0)
        first, last = row_of(ends[0].message), row_of(ends[1].message)
        return range(first, last + 1) if first is not None and last is not None else range(0)

    def in_text(self, row_of: RowOf, row: int, text: int, length: int) -> tuple[int, int] | None:
        """Return what of a text, `length` long, is selected: start and end; None for nothing."""
        ends = self.ordered(row_of)
        if ends is None or row not in self.rows(row_of):
            return None
        first, last = ends
        begin = (row_of(first.message), first.text)
        finish = (row_of(last.message), last.text)
        here = (row, text)
        if not begin <= here <= finish:
            return None
        start = first.at if here == begin else 0
        end = last.at if here == finish else length
        start, end = min(start, length), min(end, length)
        return (start, end) if start < end else None
