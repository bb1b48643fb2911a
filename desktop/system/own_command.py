"""How Lapis is started by others: desktops, login items, keys. Any thread."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

# Where every program of a desktop finds commands, whatever the shell of the person adds.
_COMMON: Final = ("/usr/bin", "/usr/local/bin", "/bin")


def lapis_words() -> list[str]:
    """Return the words that start the Lapis that runs, as anybody's process could say them.

    In full where a desktop would not find it by its name; an AppImage by its file, for where it is
    mounted changes with each start.
    """
    image = os.environ.get("APPIMAGE", "")
    if image and Path(image).is_file():
        return [image]
    found = shutil.which("lapis")
    beside = Path(sys.executable).with_name("lapis.exe" if sys.platform == "win32" else "lapis")
    if found is not None and (not beside.is_file() or Path(found).samefile(beside)):
        is_common = sys.platform != "win32" and str(Path(found).parent) in _COMMON
        return ["lapis"] if is_common else [found]
    if beside.is_file():
        return [str(beside)]
    return [sys.executable, "-m", "desktop"]
