"""Reading `requirements.lock`: exact versions, each with the hashes of its files."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One entry; `text` is all of its lines."""

    name: str
    version: str
    text: str


def read_lock(path: Path) -> list[Pinned]:
    """Return the entries of a lock file in their order."""
    entries: list[Pinned] = []
    lines: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), "end==0"]:
        if not _ENTRY.match(line):
            lines.append(line)
            continue
        head = _ENTRY.match(lines[0]) if lines else None
        if head is not None:
            text = "\n".join(lines) + "\n"
            entries.append(Pinned(head["name"].lower(), head["version"], text))
        lines = [line]
    return entries


def without(entries: Iterable[Pinned], *names: str) -> str:
    """Return a lock file's text without the entries `names`."""
    return "".join(entry.text for entry in entries if entry.name not in names)
