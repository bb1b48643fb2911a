"""Optional packs of the engine, such as the one that computes with CUDA: values.

A pack is an archive of libraries, listed with the hash of each. It brings nothing that the list
does not name, and belongs to one version of the engine.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from desktop.domain.download import Download
from desktop.domain.errors import LapisError
from desktop.domain.text import Text


@dataclass(frozen=True, slots=True)
class PackFile:
    """One library of a pack: its plain name, its size in bytes, its SHA-256 in lower-case hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PackNeeds:
    """What the computer must have: the oldest `driver` and the least `compute` capability."""

    driver: str
    compute: str


@dataclass(frozen=True, slots=True)
class PackLicence:
    """On whose terms it is handed out: their name, and the web page where they are read."""

    name: str
    page: str


@dataclass(frozen=True, slots=True)
class EnginePack:
    """A pack as it is listed.

    `system` and `machine` are `sys.platform` and `platform.machine()` in lower case; `engine` is
    the version of llama-cpp-python that it was built from. `size` and `sha256` are the archive's.
    `files` are in the order in which they are loaded: libraries that others need come first.
    """

    id: str
    name: str
    system: str
    machine: str
    engine: str
    needs: PackNeeds
    url: str
    size: int
    sha256: str
    files: tuple[PackFile, ...]
    licence: PackLicence

    @property
    def folder(self) -> str:
        """The name of the folder that it is unpacked into."""
        return f"{self.id}-{self.engine}"

    @property
    def archive(self) -> str:
        """The file name of the archive."""
        return self.url.rsplit("/", 1)[-1]

    @property
    def unpacked(self) -> int:
        """All bytes of its files."""
        return sum(file.size for file in self.files)


class NvidiaDriver(NamedTuple):
    """What decides whether a pack fits: the driver's version, and the best card's capability.

    `compute` is empty where nobody could be asked.
    """

    version: str
    compute: str


class PackState(StrEnum):
    """Where a pack is: not here, on its way, in use, here and switched off, or in trouble."""

    OFFERED = "offered"
    COMING = "coming"
    UNPACKING = "unpacking"
    IN_USE = "in_use"
    OFF = "off"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PackView:
    """A pack as people see it.

    `download` is how far it is while it is `COMING`; `reason` says why it is `OFF`, or why one that is
    `OFFERED` was here before; `error` what was in the way of what was last wished.
    """

    pack: EnginePack
    state: PackState
    download: Download | None = None
    reason: Text | None = None
    error: LapisError | None = None
