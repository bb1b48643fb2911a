"""How large the bundle may be, as data: what is heavy is seen when it comes, not years later."""

from pathlib import Path
from typing import Final

from installers.dev.console import StepFailed, say

_MB: Final = 1_000_000
MOST_BYTES: Final = 240 * _MB
"""All files of an installed bundle, with every processor's kernels, Vulkan and the guide."""
_LISTED: Final = 12


def size(folder: Path) -> int:
    """Return the bytes of all files in `folder`; links weigh nothing."""
    return sum(path.stat().st_size for path in _files(folder))


def heaviest(folder: Path, count: int = _LISTED) -> list[tuple[int, str]]:
    """Return the largest files of `folder`: bytes, and path in it."""
    weights = [
        (path.stat().st_size, path.relative_to(folder).as_posix()) for path in _files(folder)
    ]
    return sorted(weights, reverse=True)[:count]


def check_size(folder: Path) -> None:
    """Print the size of a bundle and what is heaviest in it; raises StepFailed above the budget."""
    total = size(folder)
    say(f"The bundle takes {total / _MB:.1f} MB of at most {MOST_BYTES / _MB:.0f} MB. Heaviest:")
    for weight, name in heaviest(folder):
        say(f"  {weight / _MB:6.1f}  {name}")
    if total > MOST_BYTES:
        raise StepFailed("The bundle is larger than its budget (installers/dev/bundle_size.py).")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
