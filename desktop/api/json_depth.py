"""A look at JSON before anything reads it: whether it is nested too deep, or holds too much.

Parsers recurse, and a deep text would be the end of whoever reads it. Linear in the text, and in steps
that are short: no single one keeps the window's thread from running, as one regular expression over
twenty megabytes would. Pure.
"""

import re
from collections.abc import Iterator
from typing import Final

from desktop.api.refused import Refused

DEEPEST: Final = 50
MOST_CONTAINERS: Final = 200_000
MOST_TEXTS: Final = 200_000
_QUOTE: Final = b'"'
# What a text consists of; possessive, so that nothing is looked at twice.
_IN_TEXT: Final = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_STEP: Final = 64 * 1024
_OPENING: Final = frozenset(b"[{")
_NO_BRACKETS: Final = bytes(sorted(set(range(256)) - set(b"[]{}")))


def check_json(body: bytes) -> None:
    """Raise Refused where `body` is nested deeper than `DEEPEST`, or holds `NaN` or `Infinity`.

    Or more lists, objects and texts than anybody means. Whether it is JSON at all its reader says.
    """
    depth = containers = 0
    for texts, part in enumerate(_outside_of_texts(body)):
        if b"N" in part or b"I" in part:
            # No JSON has these letters there, but Python's parser lets the words pass.
            raise Refused(400, "The body is not valid JSON: numbers must be finite")
        if texts > MOST_TEXTS:
            raise Refused(400, f"The body has more than {MOST_TEXTS} texts")
        for bracket in part.translate(None, _NO_BRACKETS):
            opens = bracket in _OPENING
            depth += 1 if opens else -1
            containers += opens
            if depth > DEEPEST:
                raise Refused(400, f"The body is nested deeper than {DEEPEST} levels")
            if containers > MOST_CONTAINERS:
                raise Refused(400, f"The body has more than {MOST_CONTAINERS} lists and objects")


def _outside_of_texts(body: bytes) -> Iterator[bytes]:
    """Yield what stands before, between and after the quoted texts of `body`."""
    end = 0
    while (quote := body.find(_QUOTE, end)) >= 0:
        yield body[end:quote]
        end = _end_of_text(body, quote + 1)
    yield body[end:]


def _end_of_text(body: bytes, begin: int) -> int:
    """Return where a text ends that began before `begin`: after its closing quote, if it has one."""
    while begin < len(body):
        found = _IN_TEXT.match(body, begin, begin + _STEP)
        end = begin if found is None else found.end()
        if end == begin:
            # The quote, or a backslash that ends everything.
            return begin + 1
        begin = end
    return begin
