"""Setup programs made by the script that is shipped, around a program that stands in for Lapis."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from installers.windows import artwork
from installers.windows.make import SCRIPT, Setup
from tests.installers.wine import Windows, compiler

STAND_IN: Final = Path(__file__).with_name("windows_stand_in.c")
_C_COMPILER: Final = "i686-w64-mingw32-gcc"


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where setup programs are made; `folder` is on the disk of the system that Wine runs in."""

    windows: Windows
    folder: Path

    def setup(self, version: str, arch: str = "x86") -> Path:
        """Return the setup program of a Lapis that calls itself `version`.

        The library in it is named for its version, as libraries are that come and go.
        """
        folder = self.folder / f"{version}-{arch}"
        source = folder / "source"
        (source / "_internal").mkdir(parents=True)
        for name in ("lapis.exe", "lapis-gui.exe"):
            shutil.copy2(self.folder / "stand-in.exe", source / name)
        (source / "_internal" / f"library-{version}.dll").write_text(version, encoding="ascii")
        path = self.windows.path
        setup = Setup(version, arch, path(source), path(folder), path(self.folder / "artwork"))
        script = path(self.folder / "script" / SCRIPT.name)
        said = self.windows.run(*setup.command(compiler(self.windows), script)).said
        assert "Warning" not in said, said
        return folder / f"{setup.name}.exe"


def workshop(windows: Windows) -> Workshop:
    """Make one: the script, its pictures, and the program that stands in."""
    folder = windows.folder / "workshop"
    (folder / "artwork").mkdir(parents=True)
    shutil.copytree(
        SCRIPT.parent, folder / "script", ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    artwork.write(folder / "artwork")
    shutil.copy2(STAND_IN, folder)
    inside = windows.room.inside
    words = ["-Os", "-s", "-municode", "-mwindows", "-o", inside(folder / "stand-in.exe")]
    windows.room.run([_C_COMPILER, *words, inside(folder / STAND_IN.name)])
    return Workshop(windows, folder)
