"""A look at JSON before anything reads it: whether it is nested too deep, or holds too much.

Parsers recurse, and a deep text would be the end of whoever reads it. Pure; linear in the text.
"""

import re
from typing import Final

from desktop.api.refused import Refused

DEEPEST: Final = 50
_MOST_CONTAINERS: Final = 200_000
# Whole strings, and one that never ends: possessive, so that no text makes it look twice.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_OPEN: Final = b"[{"
_BRACKETS: Final = frozenset(b"[]{}")
_NO_BRACKETS: Final = bytes(sorted(set(range(256)) - _BRACKETS))


def check_json(body: bytes) -> None:
    """Raise Refused where `body` is nested deeper than `DEEPEST`, or holds `NaN` or `Infinity`."""
    rest = _STRING.sub(b"", body)
    if b"N" in rest or b"I" in rest:
        # Outside of strings no JSON has these letters, but Python's parser lets them pass.
        raise Refused(400, "The body is not valid JSON: numbers must be finite")
    brackets = rest.translate(None, _NO_BRACKETS)
    if brackets.count(b"[") + brackets.count(b"{") > _MOST_CONTAINERS:
        raise Refused(400, f"The body has more than {_MOST_CONTAINERS} lists and objects")
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in _OPEN else -1
        if depth > DEEPEST:
            raise Refused(400, f"The body is nested deeper than {DEEPEST} levels")
