"""Where searched words stand in a text. Standard library only; any thread."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import TypeAlias

__all__ = ["FoundRows", "Words", "hits_in", "utf16_spans", "words_of", "words_seen"]

Words: TypeAlias = re.Pattern[str]

_MARKS = re.compile(r"\*{1,3}|_{2}|~~|`+|^[ \t]{0,3}(?:#{1,6}|>)[ \t]+", re.MULTILINE)
_TARGET = re.compile(r"\]\([^()\n]{0,2000}\)")
_LARGE = re.compile("[\U00010000-\U0010ffff]")


def words_of(text: str, *, apart: bool = False) -> Words | None:
    """Return what finds `text` in any case; with `apart`, each of its words by itself.

    None for a text of spaces, which would be found everywhere.
    """
    if not text.strip():
        return None
    wanted = text.split() if apart else [text]
    longest_first = sorted(set(wanted), key=len, reverse=True)
    return re.compile("|".join(re.escape(one) for one in longest_first), re.IGNORECASE)


def hits_in(text: str, words: Words) -> list[tuple[int, int]]:
    """Return where in `text` the words begin and end, in characters."""
    return [found.span() for found in words.finditer(text)]


def utf16_spans(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return `spans` of `text` as Qt counts: characters beyond U+FFFF are two."""
    large = [found.start() for found in _LARGE.finditer(text)]
    if not large:
        return list(spans)
    return [
        (start + bisect_left(large, start), end + bisect_left(large, end)) for start, end in spans
    ]


def words_seen(source: str) -> str:
    """Return Markdown about as it is read: without the marks that are not shown.

    Good enough to count in a text that nobody has on the screen; what is built is counted itself.
    """
    return _MARKS.sub("", _TARGET.sub("", source))


class FoundRows:
    """How often the words stand in each row, and the way from one place to the next."""

    def __init__(self) -> None:
        """Know of none."""
        self._rows: list[int] = []
        self._counts: dict[int, int] = {}

    @property
    def total(self) -> int:
        """How many places are known."""
        return sum(self._counts.values())

    def set(self, row: int, count: int) -> None:
        """Know that the words stand `count` times in `row`."""
        if count and row not in self._counts:
            self._rows.insert(bisect_left(self._rows, row), row)
        if not count and row in self._counts:
            self._rows.remove(row)
            del self._counts[row]
        if count:
            self._counts[row] = count

    def count(self, row: int) -> int:
        """Return how often the words stand in `row`."""
        return self._counts.get(row, 0)

    def number(self, row: int, place: int) -> int:
        """Return which one of all, from 1, is the `place`th (from 0) of `row`."""
        return (
            sum(self._counts[one] for one in self._rows[: bisect_left(self._rows, row)]) + place + 1
        )

    def first_from(self, row: int) -> tuple[int, int] | None:
        """Return the first place in `row` or below it, else the first one of all."""
        if not self._rows:
            return None
        at = bisect_left(self._rows, row)
        return self._rows[at % len(self._rows)], 0

    def after(self, row: int, place: int, step: int) -> tuple[int, int] | None:
        """Return the next place (step 1) or the one before (-1), round and round."""
        if not self._rows:
            return None
        if 0 <= place + step < self.count(row):
            return row, place + step
        at = bisect_left(self._rows, row)
        if step > 0:
            at += at < len(self._rows) and self._rows[at] == row
            return self._rows[at % len(self._rows)], 0
        found = self._rows[(at - 1) % len(self._rows)]
        return found, self._counts[found] - 1
