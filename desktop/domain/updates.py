"""Newer versions of Lapis: what the signed file tells, and what is made of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from desktop.domain.catalogue import in_language
from desktop.domain.errors import NetworkError
from desktop.domain.text import Text

LONGEST_VERSION: Final = 40
_VERSION: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6}){1,3})((?:[-.]?(?:a|b|rc|dev|post)|\+).*)?")


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """One file of a release: `size` in bytes, `sha256` in 64 hex digits, `kind` as packed."""

    name: str
    size: int
    sha256: str
    kind: str


@dataclass(frozen=True, slots=True)
class News:
    """What the makers of Lapis say of their newest version; signed by `key`, which is its id.

    `serial` grows with every file they sign. It holds from the day `issued` to the day `expires`.
    `page` is the web page to get it from; `notes` are plain words by language, as in "zh_CN".
    """

    key: str
    serial: int
    version: str
    issued: date
    expires: date
    page: str
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    files: tuple[ReleaseFile, ...] = ()

    def note(self, language: str) -> str:
        """Return what is new in `language`, else in English; may be empty."""
        return in_language(self.notes, language)


class Refusal(StrEnum):
    """Why a file that came is not believed."""

    DAMAGED = "damaged"
    UNKNOWN_KEY = "unknown key"
    FORGED = "forged"
    EXPIRED = "expired"
    REPLAYED = "replayed"


class NewsRefused(NetworkError):
    """A file came, and nothing in it is believed."""

    def __init__(self, title: Text, hint: Text, refusal: Refusal) -> None:
        """Keep why."""
        super().__init__(title, hint)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of newer versions: `news` is the last that was believed and still holds.

    `asked_at` is when somebody was last asked, in Unix seconds, 0 for never. `is_newer` tells
    whether there is a newer version than this one; `is_put_away` whether the person wants to hear
    nothing of it for now. `remark` is what else a person should know.
    """

    asked_at: float = 0.0
    news: News | None = None
    is_newer: bool = False
    is_put_away: bool = False
    remark: Text | None = None

    @property
    def is_to_be_told(self) -> bool:
        """Whether the person is to be told of a newer version."""
        return self.is_newer and not self.is_put_away


def is_version(text: str) -> bool:
    """Return whether `text` names a version that was given out, such as "1.4.0"."""
    found = _VERSION.fullmatch(text) if len(text) <= LONGEST_VERSION else None
    return found is not None and not found[2]


def is_newer(version: str, than: str) -> bool:
    """Return whether `version` is a later one; of a version still in the making, the finished one is.

    False for what is no version at all.
    """
    found, other = _order(version), _order(than)
    return found is not None and other is not None and found > other


def _order(version: str) -> tuple[tuple[int, ...], bool] | None:
    found = _VERSION.fullmatch(version)
    if found is None:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    is_finished = not (found[2] or "").lstrip("-.").startswith(("a", "b", "rc", "dev"))
    return tuple(numbers), is_finished
