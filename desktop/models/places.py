"""Where programs keep their files on a computer, and what is found there, as values.

Nothing is asked of the running system: home, environment and the kind of system are given, so that
every system's paths can be looked up on any other. Any thread.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from desktop.domain.shelf import Origin

# What people and programs write around a path.
_AROUND: Final = " \t\r\n\"'"


class System(StrEnum):
    """Whose conventions for folders hold."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


def this_system() -> System:
    """Return the system that Lapis runs on; what is neither macOS nor Windows is like Linux."""
    match sys.platform:
        case "darwin":
            return System.MACOS
        case "win32":
            return System.WINDOWS
        case _:
            return System.LINUX


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look: a person's home, the environment, folders that were named, the system.

    `root` is where the folders of the whole computer begin.
    """

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    folders: tuple[Path, ...] = ()
    system: System = field(default_factory=this_system)
    root: Path = Path("/")

    @property
    def data(self) -> Path:
        """What programs keep for good (on Windows, what roams)."""
        match self.system:
            case System.LINUX:
                return self.variable("XDG_DATA_HOME") or self.home / ".local" / "share"
            case System.MACOS:
                return self.home / "Library" / "Application Support"
            case System.WINDOWS:
                return self.variable("APPDATA") or self.home / "AppData" / "Roaming"

    @property
    def local_data(self) -> Path:
        """What programs keep for good on this computer alone."""
        if self.system is System.WINDOWS:
            return self.variable("LOCALAPPDATA") or self.home / "AppData" / "Local"
        return self.data

    @property
    def config(self) -> Path:
        """Settings; on macOS as programs do that come from Linux."""
        if self.system is System.WINDOWS:
            return self.data
        return self.variable("XDG_CONFIG_HOME") or self.home / ".config"

    @property
    def cache(self) -> Path:
        """What can be had again."""
        match self.system:
            case System.LINUX:
                return self.variable("XDG_CACHE_HOME") or self.home / ".cache"
            case System.MACOS:
                return self.home / "Library" / "Caches"
            case System.WINDOWS:
                return self.local_data

    def variable(self, name: str) -> Path | None:
        """Return the folder that a variable of the environment names."""
        return self._whole(self.environment.get(name, ""))

    def folder(self, text: str) -> Path | None:
        """Return the path that another program wrote down, if it is a whole one on this computer.

        A server's name is none: on Windows to look at such a path is to sign in there.
        """
        beginning = text.strip(_AROUND)[:2].replace("\\", "/")
        return None if beginning == "//" else self._whole(text)

    def _whole(self, text: str) -> Path | None:
        bare = text.strip(_AROUND)
        if bare == "~" or bare.startswith(("~/", "~\\")):
            return self.home / bare[2:]
        path = Path(bare)
        try:
            # What stands in JSON may be no text that a path can be made of.
            os.fsencode(path)
        except UnicodeEncodeError:
            return None
        return path if path.is_absolute() and "\0" not in bare else None


@dataclass(frozen=True, slots=True)
class ForeignModel:
    """A model of another program, or in a folder of the user: to be used where it is.

    `name` is for people, and says more than the file's own where that says nothing. `files` are all
    parts in order, `size` the bytes of them together. `sha256` is known only where the program
    keeps it, and only of a model in one file. With `needs_probe` it may be written in a dialect
    that llama.cpp does not read: it is to be tried before it is offered.
    """

    name: str
    origin: Origin
    files: tuple[Path, ...]
    size: int
    projector: Path | None = None
    sha256: str = ""
    repository: str = ""
    commit: str = ""
    needs_probe: bool = False

    @property
    def path(self) -> Path:
        """The file that llama.cpp is given."""
        return self.files[0]
