"""The numbers that Word puts before paragraphs: they stand nowhere in its text.

Without them nobody can be told what clause 5.2 of a contract says. As ECMA-376 has it (part 1, 17.9),
but for lists that begin anew by an override. Runs in the process that reads the document.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from desktop.inference.documents.archive import Handler

__all__ = ["Level", "Numbering"]

_LEVELS: Final = 9
_HOLE: Final = re.compile(r"%([1-9])")
_ROMAN: Final = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_DIGITS: Final = "〇一二三四五六七八九"
_CHINESE: Final = frozenset(
    {
        "chineseCounting",
        "chineseCountingThousand",
        "ideographDigital",
        "japaneseCounting",
        "taiwaneseCounting",
        "taiwaneseCountingThousand",
    }
)


@dataclass(slots=True)
class Level:
    """How the paragraphs of one level are numbered; `%1` in `words` is the number of level 1."""

    start: int = 1
    form: str = "decimal"
    words: str = ""


@dataclass(slots=True)
class _List:
    levels: dict[int, Level] = field(default_factory=dict)
    counts: list[int | None] = field(default_factory=lambda: [None] * _LEVELS)


class Numbering(Handler):
    """Reads `word/numbering.xml`, then counts."""

    def __init__(self) -> None:
        """Begin without any list."""
        self._lists: dict[str, _List] = {}
        self._of_number: dict[str, str] = {}
        self._list = _List()
        self._level = Level()
        self._number = ""
        self._overrides = 0

    def begin(self, name: str, values: dict[str, str]) -> None:
        """Take the description of lists."""
        value = values.get("val", "")
        match name:
            case "lvlOverride":
                self._overrides += 1
            case _ if self._overrides:
                return
            case "abstractNum":
                self._list = self._lists.setdefault(values.get("abstractNumId", ""), _List())
            case "lvl":
                self._level = Level()
                self._list.levels[_whole(values.get("ilvl"), 0)] = self._level
            case "start":
                self._level.start = _whole(value, 1)
            case "numFmt":
                self._level.form = value
            case "lvlText":
                self._level.words = value
            case "num":
                self._number = values.get("numId", "")
            case "abstractNumId":
                self._of_number[self._number] = value

    def end(self, name: str) -> None:
        """Take the end of an override, which is not read."""
        if name == "lvlOverride":
            self._overrides -= 1

    def label(self, number: str, at: int) -> str:
        """Return what stands before the next paragraph of the list `number` on level `at`, from 0."""
        counted = self._lists.get(self._of_number.get(number, ""))
        if counted is None or not 0 <= at < _LEVELS:
            return ""
        level = counted.levels.get(at, Level(form="bullet"))
        before = counted.counts[at]
        counted.counts[at] = level.start if before is None else before + 1
        counted.counts[at + 1 :] = [None] * (_LEVELS - at - 1)
        if level.form == "bullet":
            return "- "
        words = _HOLE.sub(lambda hole: _shown(counted, int(hole[1]) - 1), level.words).strip()
        return f"{words} " if words else ""


def _shown(counted: _List, at: int) -> str:
    level = counted.levels.get(at, Level())
    count = counted.counts[at]
    return _written(level.start if count is None else count, level.form)


def _written(count: int, form: str) -> str:
    match form:
        case "none":
            return ""
        case "lowerLetter" | "upperLetter" if 1 <= count <= 780:
            # Word goes on with aa, bb, cc.
            letters = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
            return letters.upper() if form == "upperLetter" else letters
        case "lowerRoman" | "upperRoman" if 1 <= count < 4000:
            letters = _roman(count)
            return letters.upper() if form == "upperRoman" else letters
        case "decimalZero":
            return f"{count:02}"
        case _ if form in _CHINESE and 1 <= count <= 99:
            return _chinese(count)
        case _:
            return str(count)


def _roman(count: int) -> str:
    letters = ""
    for value, letter in _ROMAN:
        letters += letter * (count // value)
        count %= value
    return letters


def _chinese(count: int) -> str:
    tens, ones = divmod(count, 10)
    many = "" if tens < 2 else _DIGITS[tens]
    return many + ("十" if tens else "") + (_DIGITS[ones] if ones else "")


def _whole(value: str | None, otherwise: int) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 6 else otherwise
