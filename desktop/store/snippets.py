"""A piece of a text around searched words, in one line. Pure functions, any thread."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from desktop.store.words import folded, keeps_places

_BEFORE = 40
_LONGEST = 160
_SEGMENT = 200
_SPACE = re.compile(r"\s+")

Span: TypeAlias = tuple[int, int]


def snippet(text: str, patterns: Sequence[re.Pattern[str]]) -> tuple[str, tuple[Span, ...]]:
    """Return a piece of `text` with the words in it, and where in it they are, in characters."""
    spans = places(text, patterns)
    first = spans[0][0] if spans else 0
    start = max(0, first - _BEFORE)
    # A word that would be cut at the beginning is left out.
    if start and (gap := _SPACE.search(text, start, first)):
        start = gap.end()
    end = min(len(text), start + _LONGEST)
    line, marks = _one_line(text, start, end, spans)
    before, after = "…" if start else "", "…" if end < len(text) else ""
    return f"{before}{line}{after}", tuple((a + len(before), b + len(before)) for a, b in marks)


def places(text: str, patterns: Sequence[re.Pattern[str]]) -> list[Span]:
    """Return where in `text` the words stand, from the first one as far as a snippet reaches."""
    plain = folded(text)
    first = [found.start() for each in patterns if (found := each.search(plain))]
    if not first:
        return []
    start, end = min(first), min(first) + _LONGEST
    spans = sorted(found.span() for each in patterns for found in each.finditer(plain, start, end))
    if not text.isascii():
        origins = _origins(text, start, end)
        spans = [(origins[a - start], origins[b - start]) for a, b in spans]
    return _apart(spans)


def _origins(text: str, start: int, end: int) -> list[int]:
    """Return where in `text` the characters `start` to `end` of its folded form come from."""
    at = passed = 0
    origins: list[int] = []
    while at < len(text) and passed + len(origins) <= end:
        segment = text[at : at + _SEGMENT]
        if not origins and passed + (width := len(folded(segment))) <= start:
            passed += width
        else:
            origins += _origins_in(segment, at)
        at += len(segment)
    # Folded in pieces, a text may come out a little shorter than as a whole.
    origins += [len(text)] * (end - passed - len(origins) + 1)
    return origins[start - passed :]


def _origins_in(segment: str, at: int) -> list[int]:
    """Return where the characters of a folded segment, which begins at `at`, come from."""
    if keeps_places(segment):
        return list(range(at, at + len(segment)))
    if len(segment) == 1:
        return [at] * len(folded(segment))
    half = len(segment) // 2
    return _origins_in(segment[:half], at) + _origins_in(segment[half:], at + half)


def _apart(spans: Sequence[Span]) -> list[Span]:
    """Return the spans without those that overlap an earlier one."""
    kept: list[Span] = []
    for start, end in spans:
        if start < end and (not kept or start >= kept[-1][1]):
            kept.append((start, end))
    return kept


def _one_line(text: str, start: int, end: int, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """Return that piece of `text` with single spaces in it, and the spans within it."""
    parts: list[str] = []
    marks: list[Span] = []
    length, at = 0, start
    for a, b in spans:
        if b > end:
            break
        for piece, is_mark in ((text[at:a], False), (text[a:b], True)):
            line = _SPACE.sub(" ", piece)
            if is_mark:
                marks.append((length, length + len(line)))
            parts.append(line)
            length += len(line)
        at = b
    parts.append(_SPACE.sub(" ", text[at:end]))
    return "".join(parts), marks
