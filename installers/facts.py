"""What packages for several systems say of the program, each from the one place where it stands."""

import re

from installers.dev.places import ROOT


def copyright_line() -> str:
    """Return the line of the licence that begins with "Copyright"; StopIteration without one."""
    lines = (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("Copyright"))


def numbers(version: str) -> tuple[int, int, int, int]:
    """Return `version` as four numbers; what follows its own ("rc1") is left out.

    Raises ValueError if it does not begin with one to four numbers of 16 bits.
    """
    found = re.match(r"\d+(?:\.\d+){0,3}", version)
    parts = [int(part) for part in found[0].split(".")] if found else []
    if not parts or max(parts) > 0xFFFF:
        raise ValueError(version)
    first, second, third, fourth = (*parts, 0, 0, 0)[:4]
    return first, second, third, fourth
