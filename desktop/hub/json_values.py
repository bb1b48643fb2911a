"""Reading what servers answer in JSON: whatever has not the type it should have is absent. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

_MOST_TEXT: Final = 120
_MOST_NUMBER: Final = 2**62
_REPOSITORY: Final = re.compile(
    r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}"
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d)?")


def mapping(value: object) -> Mapping[str, object]:
    """Return an object of JSON, or an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[object]:
    """Return an array of JSON, or an empty one."""
    return value if isinstance(value, list) else ()


def text(value: object) -> str:
    """Return a short text for people, with nothing invisible in it; empty for anything else."""
    if not isinstance(value, str) or len(value) > _MOST_TEXT or not value.isprintable():
        return ""
    return value.strip()


def number(value: object) -> int:
    """Return a count; 0 for anything else, -1 never."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return int(value) if 0 <= value <= _MOST_NUMBER else 0


def repository_name(value: object) -> str:
    """Return `owner/name` if that is what it is; empty otherwise."""
    if not isinstance(value, str) or not _REPOSITORY.fullmatch(value) or ".." in value:
        return ""
    return value


def day(value: object) -> str:
    """Return the date, or date and time, that an ISO time begins with; empty for anything else."""
    found = _DATE.match(value) if isinstance(value, str) else None
    return found[0] if found else ""
