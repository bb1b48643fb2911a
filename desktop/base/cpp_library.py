"""Which C++ library the frozen program is run with on Linux: the system's, or an older one's stand-in.

Drivers for the screen and the graphics card are the system's and need its libstdc++; ours need one
that is new enough. So an older system gets the copy that some packages carry beside the program,
and every other its own. Main thread, before anything of C++ is loaded: of two libraries of one
name, the first one stays.
"""

import ctypes
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["newest_version", "prefer_newer"]

_VERSIONS: Final = re.compile(rb"GLIBCXX_3\.4\.(\d+)\0")
_SYSTEM_FOLDERS: Final = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/lib64",
    "/lib",
)


def prefer_newer(copy: Path, folders: Iterable[str] = _SYSTEM_FOLDERS) -> bool:
    """Load `copy` where the one in the system's `folders` is older; return whether that was so.

    Without a copy nothing is looked at. A system whose library lies elsewhere keeps its own.
    """
    if not copy.is_file():
        return False
    found = (Path(folder) / copy.name for folder in folders)
    system = next((path for path in found if path.is_file()), None)
    if system is None or newest_version(system) >= newest_version(copy):
        return False
    ctypes.CDLL(os.fspath(copy), mode=ctypes.RTLD_GLOBAL)
    return True


def newest_version(library: Path) -> int:
    """Return the last number of the newest GLIBCXX_3.4 that a libstdc++ has; 0 for none.

    Raises OSError.
    """
    return max(map(int, _VERSIONS.findall(library.read_bytes())), default=0)
