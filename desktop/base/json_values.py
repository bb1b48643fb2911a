"""Reading JSON that others wrote: what has not the type it should have is absent. Pure; any thread."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from desktop.domain.text import encodable

_MOST_NUMBER: Final = 2**53
_MOST_SHORT: Final = 256


def decoded(text: bytes | str) -> object:
    """Return the value of a JSON text; raises ValueError, also where it is nested without end."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def object_in(file: Path, most_bytes: int) -> Mapping[str, object]:
    """Return the object of JSON that is in `file`; raises OSError.

    ValueError for anything else, and for a file of more than `most_bytes`.
    """
    with file.open("rb") as stream:
        content = stream.read(most_bytes + 1)
    said = decoded(content) if len(content) <= most_bytes else None
    if not isinstance(said, dict):
        raise ValueError("no object")  # noqa: TRY004 - about what stands there, not about a call
    return said


def mapping(value: object) -> Mapping[str, object]:
    """Return an object of JSON, or an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[object]:
    """Return an array of JSON, or an empty one."""
    return value if isinstance(value, list) else ()


def words(value: object) -> str:
    """Return a text that can be encoded, empty for anything else."""
    return encodable(value) if isinstance(value, str) else ""


def short(value: object) -> str:
    """Return a name for people: short, nothing invisible in it; empty for anything else."""
    if not isinstance(value, str) or len(value) > _MOST_SHORT or not value.isprintable():
        return ""
    return value.strip()


def count(value: object) -> int:
    """Return a whole number of things, 0 for anything else."""
    number = real(value)
    return int(number) if number is not None and 0 < number <= _MOST_NUMBER else 0


def real(value: object) -> float | None:
    """Return a finite number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= _MOST_NUMBER else None
