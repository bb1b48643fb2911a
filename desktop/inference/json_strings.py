"""GBNF for JSON strings: any string, lengths, formats, and regular expressions as patterns.

Runs in any process; pure Python. Everything made here is the text between the quotes as JSON
writes it, so a quote in a pattern becomes an escape in the grammar. A pattern is read as the whole
string, which is one of the readings JSON Schema allows: what comes out always matches.
"""

import re
from collections.abc import Iterable
from typing import NoReturn, TypeAlias

from desktop.inference.gbnf import LAST_CODE_POINT, MAX_REPEATS, GrammarRefused

Ranges: TypeAlias = tuple[tuple[int, int], ...]

MAX_PATTERN = 1_000
_MAX_PATTERN_DEPTH = 24
_BLOCK = 50
_ALL: Ranges = ((0, LAST_CODE_POINT),)
_DIGIT: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = (
    (9, 13), (32, 32), (160, 160), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
    (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
_LINE_ENDS: Ranges = ((10, 10), (13, 13), (0x2028, 0x2029))
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11, "0": 0}
_SHORT_ESCAPES = {8: "b", 9: "t", 10: "n", 12: "f", 13: "r", 34: '\\"', 92: "\\\\"}
_NEVER_PLAIN: Ranges = ((0, 0x1F), (34, 34), (92, 92), (0xD800, 0xDFFF))
_TWO = "[0-5] [0-9]"
_DATE = (
    '[0-9]{4} "-" ('
    '("0" [13578] | "1" [02]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])'
    ' | ("0" [469] | "11") "-" ("0" [1-9] | [12] [0-9] | "30")'
    ' | "02-" ("0" [1-9] | "1" [0-9] | "2" [0-8]))'
)
_HOUR = '([01] [0-9] | "2" [0-3])'
_TIME = f'{_HOUR} ":" {_TWO} ":" {_TWO} ("." [0-9]{{1,6}})? ("Z" | [+-] {_HOUR} ":" {_TWO})'
_BYTE = '("25" [0-5] | "2" [0-4] [0-9] | "1" [0-9] [0-9] | [1-9] [0-9] | [0-9])'
_LABEL = "[a-z0-9] ([a-z0-9-]{0,30} [a-z0-9])?"
_UUID = ' "-" '.join(f"[0-9a-f]{{{count}}}" for count in (8, 4, 4, 4, 12))
FORMATS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f'{_DATE} "T" {_TIME}',
    "uuid": _UUID,
    "ipv4": f'{_BYTE} ("." {_BYTE}){{3}}',
    "email": f'[a-zA-Z0-9_+-]{{1,30}} ("." [a-zA-Z0-9_+-]{{1,30}}){{0,3}} "@" {_LABEL}'
    f' ("." {_LABEL}){{0,3}} "." [a-z]{{2,10}}',
}
"""What each supported `format` allows; all are within what RFC 3339, 4122 and 5321 allow."""


def quoted(text: str) -> str:
    """Return a GBNF literal for `text`; raises GrammarRefused for half a surrogate pair."""
    parts = []
    for character in text:
        if "\ud800" <= character <= "\udfff":
            raise GrammarRefused("the schema contains half a surrogate pair")
        plain = character.isprintable() and character not in '"\\'
        parts.append(character if plain else f"\\U{ord(character):08x}")
    return f'"{"".join(parts)}"'


def any_character() -> str:
    """Return GBNF for one character of a JSON string, escapes included: one code point each."""
    hexadecimal = "[0-9a-fA-F]"
    unit = f"[0-9a-cA-CefEF] {hexadecimal}{{3}} | [dD] [0-7] {hexadecimal}{{2}}"
    return rf'{characters(_ALL, plain_only=True)} | "\\" (["\\/bfnrt] | "u" ({unit}))'


def characters(ranges: Iterable[tuple[int, int]], *, plain_only: bool = False) -> str:
    """Return GBNF for one character out of `ranges`, with escapes where JSON needs them."""
    wanted = _joined(ranges)
    plain = _without(wanted, _NEVER_PLAIN)
    parts = []
    if plain:
        parts.append(f"[{''.join(_range(low, high) for low, high in plain)}]")
    if not plain_only:
        short = "".join(
            sign for code, sign in sorted(_SHORT_ESCAPES.items()) if _contains(wanted, code)
        )
        if short:
            parts.append(rf'"\\" [{short}]')
        if not parts:
            parts += [
                rf'"\\u{code:04x}"'
                for low, high in wanted
                for code in range(low, min(high, 31) + 1)
            ]
    if not parts:
        raise GrammarRefused("a pattern has a place where no character fits")
    return parts[0] if len(parts) == 1 and plain else f"({' | '.join(parts)})"


def repeated(item: str, low: int, high: int | None) -> str:
    """Return GBNF for `item` (one symbol) `low` to `high` times.

    Where `high` is more than llama.cpp unrolls, blocks are used and a few counts right below it
    are left out; beyond some hundred thousand, the count stays lower. Raises GrammarRefused where
    `low` is too many or more than `high`.
    """
    if high is not None and high < low:
        raise GrammarRefused("the schema asks for at least more than at most")
    if low > MAX_REPEATS:
        raise GrammarRefused(f"the schema asks for more than {MAX_REPEATS:,} of something")
    if high == 0:
        return '""'
    if high is None:
        return f"{item}{{{low},}}"
    if high <= MAX_REPEATS:
        return f"{item}{{{low},{high}}}"
    must = f"{item}{{{low}}} " if low else ""
    blocks = min((high - low) // _BLOCK - 1, MAX_REPEATS // 2)
    if blocks < 1:
        return f"{must}{item}{{0,{high - low}}}"
    return f"{must}({item}{{{_BLOCK}}}){{0,{blocks}}} {item}{{0,{_BLOCK - 1}}}"


def pattern(expression: str) -> str:
    """Return GBNF for the strings that are `expression`; raises GrammarRefused."""
    if len(expression) > MAX_PATTERN:
        raise GrammarRefused(f"a pattern is longer than {MAX_PATTERN:,} characters")
    return _Pattern(expression).parse()


class _Pattern:
    def __init__(self, expression: str) -> None:
        self._text = expression
        self._at = 0

    def parse(self) -> str:
        found = self._alternatives(0)
        if self._at < len(self._text):
            self._refuse()
        return found

    def _alternatives(self, depth: int) -> str:
        if depth > _MAX_PATTERN_DEPTH:
            raise GrammarRefused("a pattern is nested too deep")
        parts = [self._sequence(depth)]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else f"({' | '.join(parts)})"

    def _sequence(self, depth: int) -> str:
        if depth == 0 and self._peek() == "^":
            self._at += 1
        parts = []
        while (sign := self._peek()) not in {"", "|", ")"}:
            if depth == 0 and sign == "$" and self._text[self._at + 1 : self._at + 2] in {"", "|"}:
                self._at += 1
                break
            parts.append(self._atom(depth) + self._quantifier())
        return " ".join(parts) or '""'

    def _atom(self, depth: int) -> str:
        sign = self._text[self._at]
        if sign == "(":
            self._at += 1
            if self._text.startswith("?:", self._at):
                self._at += 2
            elif self._peek() == "?":
                self._refuse()
            inner = self._alternatives(depth + 1)
            if self._peek() != ")":
                self._refuse()
            self._at += 1
            return f"({inner})"
        if sign in "*+?{}]^$":
            self._refuse()
        if sign == "[":
            return characters(self._class())
        self._at += 1
        if sign == ".":
            return characters(_without(_ALL, _LINE_ENDS))
        return characters(self._escape() if sign == "\\" else ((ord(sign), ord(sign)),))

    def _class(self) -> Ranges:
        self._at += 1
        negated = self._peek() == "^"
        self._at += negated
        found: list[tuple[int, int]] = []
        while self._peek() != "]":
            ranges = self._class_member()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in {"", "]"}:
                self._at += 1
                upper = self._class_member()
                # A class of characters is no end of a range, though Python alone refuses it.
                ends = [end for each in (*ranges, *upper) for end in each]
                if len(ends) != 4 or ends[0] != ends[1] or ends[2] != ends[3] or ends[0] > ends[2]:
                    self._refuse()
                ranges = ((ends[0], ends[2]),)
            found += ranges
        self._at += 1
        return _without(_ALL, found) if negated else _joined(found)

    def _class_member(self) -> Ranges:
        sign = self._peek()
        if not sign:
            self._refuse()
        self._at += 1
        if sign == "\\" and self._peek() == "b":
            self._at += 1
            return ((8, 8),)
        return self._escape() if sign == "\\" else ((ord(sign), ord(sign)),)

    def _escape(self) -> Ranges:
        sign = self._peek()
        self._at += 1
        if sign.lower() in _CLASSES:
            ranges = _CLASSES[sign.lower()]
            return ranges if sign.islower() else _without(_ALL, ranges)
        if sign in {"x", "u"}:
            count = 2 if sign == "x" else 4
            digits = self._text[self._at : self._at + count]
            if not re.fullmatch(f"[0-9a-fA-F]{{{count}}}", digits):
                self._refuse()
            self._at += count
            return ((int(digits, 16), int(digits, 16)),)
        if sign in _CONTROLS:
            return ((_CONTROLS[sign], _CONTROLS[sign]),)
        if not sign or sign.isalnum():
            self._at -= 1
            self._refuse()
        return ((ord(sign), ord(sign)),)

    def _quantifier(self) -> str:
        found = re.compile(r"(?:([*+?])|\{([0-9]{1,9})(?:(,)([0-9]{1,9})?)?\})\??").match(
            self._text, self._at
        )
        if found is None:
            return ""
        self._at = found.end()
        sign, low, comma, high = found.groups()
        if sign:
            return str(sign)
        upper = high or ("" if comma else low)
        return f"{{{low},{upper}}}"

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _refuse(self) -> NoReturn:
        raise GrammarRefused(
            f"a pattern uses something that is not supported, at character {self._at + 1}"
        )


def _range(low: int, high: int) -> str:
    return _member(low) if low == high else f"{_member(low)}-{_member(high)}"


def _member(code_point: int) -> str:
    character = chr(code_point)
    return character if character.isalnum() and character.isascii() else f"\\U{code_point:08x}"


def _contains(ranges: Iterable[tuple[int, int]], code_point: int) -> bool:
    return any(low <= code_point <= high for low, high in ranges)


def _joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def _without(ranges: Iterable[tuple[int, int]], taken: Iterable[tuple[int, int]]) -> Ranges:
    found = []
    gaps = _joined(taken)
    for lowest, highest in _joined(ranges):
        low = lowest
        for start, end in gaps:
            if end < low or start > highest:
                continue
            if start > low:
                found.append((low, start - 1))
            low = end + 1
        if low <= highest:
            found.append((low, highest))
    return tuple(found)


def excluding(signs: Iterable[str]) -> str:
    """Return GBNF for one character that needs no escape and is none of `signs`."""
    return characters(_without(_ALL, [(ord(sign), ord(sign)) for sign in signs]), plain_only=True)
