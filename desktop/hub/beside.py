"""What lies beside a file while it is downloaded, by name. Pure; any thread."""

from pathlib import Path
from typing import Final

_PART: Final = ".part"
_SIDECAR: Final = ".part.json"
LOCK: Final = ".lock"


def part_path(target: Path) -> Path:
    """Return where the bytes of `target` are until all of them are there."""
    return target.with_name(target.name + _PART)


def sidecar_path(target: Path) -> Path:
    """Return where it is written down whose bytes these are."""
    return target.with_name(target.name + _SIDECAR)


def lock_path(target: Path) -> Path:
    """Return the file that whoever downloads `target` has locked."""
    return target.with_name(target.name + LOCK)


def all_beside(target: Path) -> tuple[Path, ...]:
    """Return all that may lie beside `target`."""
    return part_path(target), sidecar_path(target), lock_path(target)
