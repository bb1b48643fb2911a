"""Names of models split over several files: `name-00001-of-00003.gguf`."""

import re
from pathlib import Path
from typing import Final

_PART: Final = re.compile(r"(?P<stem>.+)-(?P<part>\d{5})-of-(?P<count>\d{5})", re.DOTALL)


def split_name(path: Path) -> tuple[str, int, int] | None:
    """Return (name without the part, part from 1, number of parts), or None for a whole file."""
    found = _PART.fullmatch(path.stem)
    if found is None:
        return None
    return found["stem"], int(found["part"]), int(found["count"])


def part_path(path: Path, part: int, count: int) -> Path:
    """Return where part `part` of `count` of the split model `path` must be: beside it."""
    named = split_name(path)
    stem = named[0] if named else path.stem
    return path.with_name(f"{stem}-{part:05d}-of-{count:05d}{path.suffix}")
