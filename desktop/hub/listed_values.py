"""What hubs tell in JSON beside plain numbers and texts: names of repositories, days. Pure."""

import re
from typing import Final

_REPOSITORY: Final = re.compile(
    r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}"
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d)?")


def repository_name(value: object) -> str:
    """Return `owner/name` if that is what it is; empty otherwise."""
    if not isinstance(value, str) or not _REPOSITORY.fullmatch(value) or ".." in value:
        return ""
    return value


def day(value: object) -> str:
    """Return the date, or date and time, that an ISO time begins with; empty for anything else."""
    found = _DATE.match(value) if isinstance(value, str) else None
    return found[0] if found else ""
