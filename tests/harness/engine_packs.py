"""Engine packs for tests: real archives, listed as the real ones are."""

import hashlib
import io
import lzma
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop.backends import pack_folder
from desktop.backends.libraries import bindings_version
from desktop.domain.engine_pack import EnginePack, NvidiaDriver, PackFile, PackLicence, PackNeeds
from desktop.domain.settings import LibrarySettings
from desktop.domain.text import Text
from desktop.hub.fetch_values import Limits
from desktop.services.engine_packs import EnginePacks
from tests.harness.hub.repositories import HubFile, HubRepository
from tests.harness.hub.server import HubServer

MODULE = "libggml-cuda.so"
RUNTIME = "libcudart.so.12"
FILES = {RUNTIME: b"runtime" * 1000, MODULE: b"module" * 5000}
ARCHIVE = "cuda-12.tar.xz"
REPOSITORY = "lapis/packs"
CARD = NvidiaDriver("560.35.03", "8.6")
QUICK = Limits(pause=0.002, report=0.0, keep=0.02)


def listed(
    archive: bytes, files: Mapping[str, bytes] = FILES, *, url: str = "", engine: str = ""
) -> EnginePack:
    """Return the pack for this computer whose archive and `files` these are."""
    machine = platform.machine().lower()
    return EnginePack(
        "cuda-12",
        "CUDA 12",
        sys.platform,
        "x86_64" if machine == "amd64" else machine,
        engine or bindings_version(),
        PackNeeds("525.60", "5.0"),
        url or f"https://downloads.example.org/{ARCHIVE}",
        len(archive),
        hashlib.sha256(archive).hexdigest(),
        tuple(
            PackFile(name, len(content), hashlib.sha256(content).hexdigest())
            for name, content in files.items()
        ),
        PackLicence("NVIDIA's terms", "https://docs.example.org/eula"),
    )


def plain(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    """Return a member of an archive: a file."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member, content


def packed(members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Return an archive of `members`, as they are told to be."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return lzma.compress(whole.getvalue(), preset=0)


def archive_of(files: Mapping[str, bytes] = FILES) -> bytes:
    """Return an archive as `installers/dev/cuda_pack.py` makes them."""
    return packed([plain(name, content) for name, content in files.items()])


def compiled(folder: Path, source: str) -> bytes:
    """Return the shared library made from `source`, a program in C."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler")
    code, library = folder / "module.c", folder / "module.so"
    code.write_text(source, encoding="utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, code], check=True, timeout=60)
    return library.read_bytes()


class Room:
    """Packs in a folder, with a trial that says what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "engine packs"
        self.work = folder / "engine"
        self.packs: list[EnginePack] = []
        self.driver: NvidiaDriver | None = CARD
        self.reason: Text | None = None
        self.offline = False
        self.changes = 0
        self._opened: list[EnginePacks] = []

    def open(self, limits: Limits = QUICK) -> EnginePacks:
        """Return the packs as a new start of Lapis sees them."""
        opened = EnginePacks(
            self.folder,
            self.work,
            LibrarySettings,
            {},
            offline=lambda: self.offline,
            changed=self._count,
            listed=lambda: tuple(self.packs),
            driver=lambda: self.driver,
            trial=lambda _folder, _work: self.reason,
            limits=limits,
        )
        self._opened.append(opened)
        return opened

    def close(self) -> None:
        """Close all that was opened."""
        for one in self._opened:
            one.close()

    @property
    def place(self) -> Path:
        """Where the listed pack is unpacked."""
        return self.folder / self.packs[0].folder

    @property
    def is_handed_over(self) -> bool:
        """Whether an engine process would get it."""
        return pack_folder.handed_over(self.work)[0] == self.place

    def _count(self) -> None:
        self.changes += 1


def pack_file(content: bytes, sha256: str = "") -> HubFile:
    """Return the archive as a hub has it, which may lie about its hash."""
    return HubFile(ARCHIVE, len(content), head=content, sha256=sha256)


@contextmanager
def given_out(room: Room, archive: bytes) -> Iterator[HubServer]:
    """Have a server give `archive` out, the one pack that is listed in `room`."""
    with HubServer([HubRepository(REPOSITORY, (pack_file(archive),))]) as server:
        room.packs = [listed(archive, url=server.url(REPOSITORY, ARCHIVE))]
        yield server
