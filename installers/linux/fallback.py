"""The C++ library for systems whose own is older than the bundle needs.

Only the forms of Lapis that no package manager looks after carry it, in `fallback` beside the
program, which takes it where the system's is older (desktop/base/cpp_library.py).
"""

import re
import shutil
import subprocess
from pathlib import Path

from installers.dev.console import StepFailed
from installers.linux.needs import Needs, numbers

_NAME = "libstdc++.so.6"
# As new as GCC 11's, which every system with glibc 2.34 has.
_EVERYWHERE = (3, 4, 29)


def add(needs: Needs, program: Path) -> None:
    """Copy this system's library to `program`/fallback, if not every system's is new enough.

    Raises StepFailed.
    """
    newest = needs.newest(_NAME, "GLIBCXX")
    if not newest or numbers(newest) <= _EVERYWHERE:
        return
    listing = subprocess.run(
        ["ldconfig", "-p"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/sbin:/usr/sbin:/bin:/usr/bin", "LC_ALL": "C"},
    ).stdout
    found = re.search(rf"^\s*{re.escape(_NAME)} .*64.*=> (\S+)$", listing, re.MULTILINE)
    if found is None:
        raise StepFailed(f"{_NAME} is not among the libraries of this system.")
    (program / "fallback").mkdir()
    shutil.copyfile(Path(found[1]).resolve(), program / "fallback" / _NAME)
