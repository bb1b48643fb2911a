"""The variables of saved prompts: `{{clipboard}}` and its like, and names of one's own.

What stands for a variable is put in letter for letter and only once: braces in it mean nothing.
Plain functions; any thread.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from desktop.domain.settings import Language

__all__ = [
    "CLIPBOARD",
    "CURSOR",
    "DATE",
    "LANGUAGE",
    "SELECTION",
    "TIME",
    "Filled",
    "asked_of",
    "fill",
    "language_name",
    "moment",
    "until",
    "variables_of",
]

SELECTION: Final = "selection"
CLIPBOARD: Final = "clipboard"
LANGUAGE: Final = "language"
DATE: Final = "date"
TIME: Final = "time"
CURSOR: Final = "cursor"

_KNOWN: Final = frozenset({SELECTION, CLIPBOARD, LANGUAGE, DATE, TIME, CURSOR})
_CHINESE: Final = MappingProxyType(
    {
        "选中": SELECTION,
        "选中文字": SELECTION,
        "剪贴板": CLIPBOARD,
        "语言": LANGUAGE,
        "日期": DATE,
        "时间": TIME,
        "光标": CURSOR,
    }
)
_HOLE: Final = re.compile(r"\{\{[ \t]*([^{}\s][^{}\n]{0,59}?)[ \t]*\}\}")
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_CHINESE_DAYS: Final = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Filled:
    """A prompt ready to be sent or gone on with; `cursor` is where, in characters, None: its end."""

    text: str
    cursor: int | None = None


def variables_of(text: str) -> tuple[str, ...]:
    """Return the names of all variables in `text`, each once, as they first come.

    Known ones have their English name, whatever the prompt calls them.
    """
    return tuple(dict.fromkeys(_name(hole[1]) for hole in _HOLE.finditer(text)))


def asked_of(text: str) -> tuple[str, ...]:
    """Return the names that only a person can say what stands for."""
    return tuple(name for name in variables_of(text) if name not in _KNOWN)


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """Put `values` by name into `text`; a variable without one stays as it stands.

    The cursor goes to `{{cursor}}`, else to where nothing was selected or copied.
    """
    parts: list[str] = []
    length = done = 0
    cursor: int | None = None
    empty: int | None = None
    for hole in _HOLE.finditer(text):
        before = text[done : hole.start()]
        name = _name(hole[1])
        value = "" if name == CURSOR else values.get(name, hole[0])
        parts += [before, value]
        length += len(before)
        if name == CURSOR and cursor is None:
            cursor = length
        elif not value and empty is None:
            empty = length
        length += len(value)
        done = hole.end()
    parts.append(text[done:])
    return Filled("".join(parts), empty if cursor is None else cursor)


def until(text: str, name: str) -> str:
    """Return what stands in `text` before the first variable with this name; all of it if none."""
    for hole in _HOLE.finditer(text):
        if _name(hole[1]) == name:
            return text[: hole.start()]
    return text


def language_name(language: Language) -> str:
    """Return how `language`, not that of the system but a real one, is called in itself."""
    return "简体中文" if language is Language.CHINESE else "English"


def moment(language: Language, now: datetime) -> dict[str, str]:
    """Return language, date and time as they stand in a text of `language`.

    `now` is in the person's own time zone, `language` not that of the system but a real one.
    """
    clock, called = f"{now:%H:%M}", language_name(language)
    if language is Language.CHINESE:
        day = f"{now.year}年{now.month}月{now.day}日 星期{_CHINESE_DAYS[now.weekday()]}"
        return {LANGUAGE: called, DATE: day, TIME: clock}
    day = f"{_DAYS[now.weekday()]}, {now.day} {_MONTHS[now.month - 1]} {now.year}"
    return {LANGUAGE: called, DATE: day, TIME: clock}


def _name(written: str) -> str:
    """Return the name of a known variable, or a name of one's own as it is written."""
    plain = written.casefold()
    return plain if plain in _KNOWN else _CHINESE.get(written, written)
