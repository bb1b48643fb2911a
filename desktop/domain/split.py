"""Names of models split over several files: `name-00001-of-00003`, as llama.cpp writes them."""

import re
from typing import Final

_PART: Final = re.compile(r"(?P<name>.+)-(?P<part>\d{5})-of-(?P<count>\d{5})", re.DOTALL)


def split_stem(stem: str) -> tuple[str, int, int] | None:
    """Return (name without the part, part from 1, number of parts), or None for a whole file.

    `stem` is the name of a file without its ending; it may have folders before it.
    """
    found = _PART.fullmatch(stem)
    return None if found is None else (found["name"], int(found["part"]), int(found["count"]))
