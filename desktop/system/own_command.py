"""How Lapis is started by others: desktops, login items, keys. Any thread."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from desktop.base.paths import DESKTOP_ID
from desktop.system.linux_session import is_flatpak

# Where every program of a desktop finds commands, whatever the shell of the person adds.
_COMMON: Final = ("/usr/bin", "/usr/local/bin", "/bin")


def app_image(environment: Mapping[str, str], executable: Path) -> str:
    """Return the file of the AppImage that `executable` runs from; empty for none.

    What an AppImage says of itself is inherited by all that is started from it: a terminal, an
    editor, and us.
    """
    image, mounted = environment.get("APPIMAGE", ""), environment.get("APPDIR", "")
    is_ours = bool(mounted) and executable.absolute().is_relative_to(mounted)
    return image if is_ours and Path(image).is_file() else ""


def lapis_words() -> list[str]:
    """Return the words that start the Lapis that runs, as anybody's process could say them.

    In full where a desktop would not find it by its name; an AppImage by its file, for where it is
    mounted changes with each start; inside a Flatpak as those outside of it can say it.
    """
    if is_flatpak():
        return ["flatpak", "run", "--command=lapis", DESKTOP_ID]
    image = app_image(os.environ, Path(sys.executable))
    if image:
        return [image]
    found = shutil.which("lapis")
    beside = Path(sys.executable).with_name("lapis.exe" if sys.platform == "win32" else "lapis")
    if found is not None and (not beside.is_file() or Path(found).samefile(beside)):
        is_common = sys.platform != "win32" and str(Path(found).parent) in _COMMON
        return ["lapis"] if is_common else [found]
    if beside.is_file():
        return [str(beside)]
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "desktop"]
