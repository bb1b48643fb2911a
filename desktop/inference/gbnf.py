"""Reading llama.cpp's grammar language, so that only sound grammars reach native code.

Runs in any process; pure Python. llama.cpp parses by recursion, unrolls repetitions without a
bound on memory, and crashes or aborts on what it then cannot use. This reader follows its parser
step by step (version 0.3.36 of the bindings), builds the same rules, and stops at fixed bounds;
`gbnf_check` then looks at what the rules mean. Where the two differ, this one refuses more:
nothing that is accepted here is refused there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

MAX_CHARACTERS = 262_144
MAX_DEPTH = 64
MAX_REPEATS = 2_000
MAX_RULES = 40_000
MAX_ELEMENTS = 400_000
LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_END = "\0"
_SPACE = re.compile(r"(?:[ \t]+|#[^\r\n\0]*)*")
_SPACE_AND_LINES = re.compile(r"(?:[ \t\r\n]+|#[^\r\n\0]*)*")
_NAME = re.compile(r"[a-zA-Z0-9-]+")
_DIGITS = re.compile(r"[0-9]+")
_ESCAPES = {"t": 9, "r": 13, "n": 10} | {sign: ord(sign) for sign in '\\"[]-'}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}


class GrammarRefused(Exception):
    """A grammar or schema that must not reach native code; `reason` says why, in English.

    The reason may quote names from the request, so it belongs in the answer to whoever sent it
    and in no log.
    """

    def __init__(self, reason: str) -> None:
        """Keep `reason`, one short sentence without a full stop."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CharSet:
    """One character: any inside `ranges` (bounds included), or, if `negated`, any outside."""

    negated: bool
    ranges: tuple[tuple[int, int], ...]

    def matches(self, code_point: int) -> bool:
        """Whether the character belongs to the set."""
        found = any(low <= code_point <= high for low, high in self.ranges)
        return found is not self.negated


Element: TypeAlias = int | CharSet
"""A reference to the rule of that number, or one character."""
Body: TypeAlias = Sequence[Sequence[Element]]
"""The alternatives of a rule, each a sequence that may be empty."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A parsed grammar, repetitions and groups unrolled into rules as llama.cpp does it.

    `names[number]` is the name of the rule, or of the rule that the part was written in;
    `bodies` has None where a name is used but defined nowhere.
    """

    names: Sequence[str]
    bodies: Sequence[Body | None]
    numbers: dict[str, int]


def parse(text: str) -> Rules:
    """Return the rules of `text`; raises GrammarRefused with the place of the fault."""
    if len(text) > MAX_CHARACTERS:
        raise GrammarRefused(f"the grammar is longer than {MAX_CHARACTERS:,} characters")
    if _END in text:
        raise GrammarRefused("the grammar contains a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise GrammarRefused("the grammar contains half a surrogate pair")
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text + _END
        self._at = 0
        self._weight = 0
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._bodies: dict[int, list[list[Element]]] = {}
        self._characters: dict[int, CharSet] = {}

    def parse(self) -> Rules:
        self._skip(lines=True)
        while self._text[self._at] != _END:
            self._rule()
        bodies = [self._bodies.get(number) for number in range(len(self._names))]
        return Rules(self._names, bodies, self._numbers)

    def _rule(self) -> None:
        start = self._at
        name = self._name()
        self._skip(lines=False)
        number = self._number(name)
        if number in self._bodies:
            self._at = start
            self._refuse(f"the rule “{name[:40]}” is defined a second time")
        if not self._text.startswith("::=", self._at):
            self._refuse("“::=” is missing")
        self._at += 3
        self._skip(lines=True)
        self._alternatives(name, number, depth=0)
        if self._text[self._at] not in "\r\n\0":
            self._refuse("the line should end here")
        self._skip(lines=True)

    def _alternatives(self, name: str, number: int, depth: int) -> None:
        body = [self._sequence(name, depth)]
        while self._text[self._at] == "|":
            self._at += 1
            self._skip(lines=True)
            body.append(self._sequence(name, depth))
        self._define(number, body)

    def _sequence(self, name: str, depth: int) -> list[Element]:
        sequence: list[Element] = []
        last = 0
        copies = 1
        nested = depth > 0
        while True:
            sign = self._text[self._at]
            if sign in "*+?{":
                low, high = self._bounds(sign, nested=nested)
                if last == len(sequence):
                    self._refuse("there is nothing to repeat")
                copies = self._repeat(name, sequence, last, copies, low, high)
                continue
            start = len(sequence)
            span = 1
            if sign == '"':
                sequence += self._literal()
            elif sign == "[":
                sequence.append(self._character_class())
            elif sign == ".":
                self._at += 1
                sequence.append(CharSet(negated=True, ranges=()))
            elif sign == "(":
                before = len(self._names)
                sequence.append(self._group(name, depth + 1))
                span = max(1, len(self._names) - before)
            elif sign in "<!":
                self._refuse("tokens of a model cannot be named in a grammar")
            elif _NAME.match(sign):
                sequence.append(self._number(self._name()))
            else:
                return sequence
            last, copies = start, span
            self._skip(lines=nested)

    def _group(self, name: str, depth: int) -> int:
        if depth > MAX_DEPTH:
            self._refuse(f"parentheses are nested deeper than {MAX_DEPTH}")
        self._at += 1
        self._skip(lines=True)
        number = self._generated(name)
        self._alternatives(name, number, depth)
        if self._text[self._at] != ")":
            self._refuse("“)” is missing")
        self._at += 1
        return number

    def _literal(self) -> list[Element]:
        self._at += 1
        found: list[Element] = []
        while self._text[self._at] != '"':
            start = self._at
            code_point = self._character()
            if code_point == 0 or code_point in _SURROGATES or code_point > LAST_CODE_POINT:
                self._at = start
                self._refuse("no text contains this character")
            found.append(self._single(code_point))
        self._at += 1
        return found

    def _single(self, code_point: int) -> CharSet:
        found = self._characters.get(code_point)
        if found is None:
            found = CharSet(negated=False, ranges=((code_point, code_point),))
            self._characters[code_point] = found
        return found

    def _character_class(self) -> CharSet:
        start = self._at
        self._at += 1
        negated = self._text[self._at] == "^"
        self._at += negated
        ranges = []
        while self._text[self._at] != "]":
            low = high = self._character()
            if self._text[self._at] == "-" and self._text[self._at + 1] != "]":
                self._at += 1
                high = self._character()
            ranges.append((low, high))
        self._at += 1
        found = CharSet(negated, tuple(ranges))
        if not ranges or not _satisfiable(found):
            self._at = start
            self._refuse("no character fits here")
        return found

    def _character(self) -> int:
        sign = self._text[self._at]
        if sign == _END:
            self._refuse("the grammar ends in the middle of a text or a character range")
        self._at += 1
        if sign != "\\":
            return ord(sign)
        kind = self._text[self._at]
        if kind in _HEX_DIGITS:
            digits = self._text[self._at + 1 : self._at + 1 + _HEX_DIGITS[kind]]
            if not re.fullmatch(f"[0-9a-fA-F]{{{_HEX_DIGITS[kind]}}}", digits):
                self._refuse(f"“\\{kind}” wants {_HEX_DIGITS[kind]} hexadecimal digits")
            self._at += 1 + _HEX_DIGITS[kind]
            return int(digits, 16)
        if kind not in _ESCAPES:
            self._refuse("this escape is unknown")
        self._at += 1
        return _ESCAPES[kind]

    def _bounds(self, sign: str, *, nested: bool) -> tuple[int, int | None]:
        self._at += 1
        self._skip(lines=nested)
        if sign != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        low = self._integer(nested=nested)
        high: int | None = low
        if self._text[self._at] == ",":
            self._at += 1
            self._skip(lines=nested)
            high = None
            if self._text[self._at] != "}":
                high = self._integer(nested=nested)
        if self._text[self._at] != "}":
            self._refuse("“}” is missing")
        # llama.cpp would count down from a negative number, and take a large bound for none.
        if high is not None and (high < low or high == 0):
            self._refuse("the upper bound of a repetition is too small")
        if max(low, high or 0) > MAX_REPEATS:
            self._refuse(f"something is repeated more than {MAX_REPEATS:,} times")
        self._at += 1
        self._skip(lines=nested)
        return low, high

    def _integer(self, *, nested: bool) -> int:
        found = _DIGITS.match(self._text, self._at)
        if found is None or len(found[0]) > 9:
            self._refuse("a number should stand here")
        self._at = found.end()
        self._skip(lines=nested)
        return int(found[0])

    def _repeat(
        self, name: str, sequence: list[Element], last: int, copies: int, low: int, high: int | None
    ) -> int:
        """Unroll as llama.cpp does: S{m,n} is m times S, then n-m rules that each may end."""
        copies *= high or low or 1
        if copies > MAX_REPEATS:
            self._refuse(f"nested repetitions come to more than {MAX_REPEATS:,}")
        item = sequence[last:]
        optional = 1 if high is None else high - low
        self._weigh((max(low - 1, 0) + optional) * (_weight(item) + 3))
        if low == 0:
            del sequence[last:]
        else:
            sequence += item * (low - 1)
        rest = -1
        for _ in range(optional):
            number = self._generated(name)
            tail: list[Element] = [number] if high is None else [] if rest < 0 else [rest]
            self._bodies[number] = [[*item, *tail], []]
            rest = number
        if rest >= 0:
            sequence.append(rest)
        return copies

    def _define(self, number: int, body: list[list[Element]]) -> None:
        self._weigh(sum(_weight(sequence) + 1 for sequence in body))
        self._bodies[number] = body

    def _weigh(self, elements: int) -> None:
        self._weight += elements
        if self._weight > MAX_ELEMENTS:
            self._refuse("the grammar is too large once its repetitions are written out")

    def _number(self, name: str) -> int:
        number = self._numbers.setdefault(name, len(self._names))
        if number == len(self._names):
            self._add(name)
        return number

    def _generated(self, name: str) -> int:
        self._add(name)
        return len(self._names) - 1

    def _add(self, name: str) -> None:
        if len(self._names) >= MAX_RULES:
            self._refuse(f"the grammar has more than {MAX_RULES:,} rules")
        self._names.append(name)

    def _name(self) -> str:
        found = _NAME.match(self._text, self._at)
        if found is None:
            self._refuse("the name of a rule should stand here")
        self._at = found.end()
        return found[0]

    def _skip(self, *, lines: bool) -> None:
        found = (_SPACE_AND_LINES if lines else _SPACE).match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _refuse(self, reason: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        column = self._at - self._text.rfind("\n", 0, self._at)
        raise GrammarRefused(f"line {line}, column {column}: {reason}")


def _weight(sequence: Sequence[Element]) -> int:
    return sum(1 if isinstance(element, int) else _element_weight(element) for element in sequence)


def _element_weight(element: CharSet) -> int:
    """Return how many of llama.cpp's elements the set takes, at most."""
    return max(1, 2 * len(element.ranges))


def _satisfiable(wanted: CharSet) -> bool:
    """Whether some character of real text is in the set: llama.cpp aborts where none is."""
    gaps = ((0, 0), (_SURROGATES.start, _SURROGATES.stop - 1))
    if wanted.negated:
        edge = 0
        for low, high in sorted((*wanted.ranges, *gaps)):
            if low > edge:
                return True
            edge = max(edge, high + 1)
        return edge <= LAST_CODE_POINT
    return any(_real(max(low, 1), min(high, LAST_CODE_POINT)) for low, high in wanted.ranges)


def _real(low: int, high: int) -> bool:
    return low <= high and not (low in _SURROGATES and high in _SURROGATES)
