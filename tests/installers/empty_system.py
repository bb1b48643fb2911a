"""A Debian on which nothing was ever installed, thrown away after the test.

The kept system lies under an overlay, so each test has its own in no time. What apt fetches was
fetched before; here is no network. Needs root.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

import psutil

from installers.dev.console import must_quietly, step
from tests.harness.leftovers import end_processes
from tests.installers.chroot import Chroot, carried_out, ensure

# What desktops have and empty systems lack: who knows types of files, menus, pictures and pages.
DESKTOP = (
    "desktop-file-utils",
    "hicolor-icon-theme",
    "libglib2.0-bin",
    "man-db",
    "shared-mime-info",
    "xdg-utils",
)
PERSON = "anna"
_APT = ("apt", "-o", "APT::Sandbox::User=root", "-o", "Dpkg::Use-Pty=0", "-y")
# X has its sockets at a fixed place, outside as inside.
_SOCKETS = Path("/tmp/.X11-unix")  # noqa: S108
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}
_APT_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}


@dataclass(frozen=True, slots=True)
class System:
    """A system below `root`, with one account besides root's: `PERSON`, whose home is empty."""

    root: Path

    def run(
        self,
        *command: str,
        user: str = PERSON,
        environment: Mapping[str, str] | None = None,
        seconds: float = 120.0,
        must_work: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in it and return what it said; AssertionError if it fails."""
        return carried_out(
            self._words(command, user),
            self._environment(user, environment),
            seconds=seconds,
            must_work=must_work,
        )

    @contextmanager
    def started(
        self, *command: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Have the person run a program as long as the block lasts; it says things to a file."""
        with (self.root / "srv" / "started.log").open("ab") as log:
            process = subprocess.Popen(
                self._words(command, PERSON),
                env=self._environment(PERSON, environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)

    def apt(self, *words: str, seconds: float = 400.0) -> str:
        """Run apt as root, and return what it printed."""
        done = self.run(*_APT, *words, user="root", environment=_APT_ENVIRONMENT, seconds=seconds)
        return done.stdout

    def install(self, package: Path, *options: str) -> str:
        """Install the package in a file, as `apt install ./FILE` does."""
        drop = self.root / "srv" / package.name
        shutil.copyfile(package, drop)
        return self.apt("install", *options, f"/srv/{package.name}")

    def has(self, program: str) -> bool:
        """Return whether a program is on the path."""
        found = self.run("sh", "-c", f"command -v {program}", must_work=False)
        return found.returncode == 0

    def files(self) -> Mapping[str, str]:
        """Return what is on its disk: each path with what stands there."""
        return {
            str(path.relative_to(self.root)): _content(path)
            for folder in sorted(self.root.iterdir())
            if folder.name not in {"dev", "proc", "run", "srv", "sys", "tmp"}
            for path in (folder, *folder.rglob("*"))
        }

    def _words(self, command: Sequence[str], user: str) -> list[str]:
        return ["chroot", f"--userspec={user}:{user}", str(self.root), *command]

    def _environment(self, user: str, extra: Mapping[str, str] | None) -> dict[str, str]:
        home = "/root" if user == "root" else f"/home/{user}"
        return _ENVIRONMENT | {"HOME": home, "USER": user} | dict(extra or {})


def prepare(deb: Path) -> Chroot:
    """Return the system that all others are made of, with all that they install within reach.

    Makes and fetches what is missing; raises StepFailed.
    """
    base = ensure("empty", ())
    with step("Fetching what is installed in empty systems", "seconds, if nothing is new"):
        drop = base.folder / "srv" / deb.name
        shutil.copyfile(deb, drop)
        try:
            _fetch(base, "update")
            for wanted in (
                ("--no-install-recommends", f"/srv/{deb.name}"),
                ("--install-recommends", f"/srv/{deb.name}"),
                ("--no-install-recommends", *DESKTOP),
            ):
                _fetch(base, "install", "--download-only", *wanted)
        finally:
            drop.unlink()
    return base


@contextmanager
def empty_system(folder: Path) -> Iterator[System]:
    """Give a system of its own in `folder`, and take it away with all that runs in it."""
    base = ensure("empty", ())
    root = folder / "system"
    for name in ("upper", "work", "system"):
        (folder / name).mkdir(parents=True)
    layers = f"lowerdir={base.folder},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    _must("mount", "-t", "overlay", "overlay", "-o", layers, str(root))
    try:
        _must("mount", "-t", "proc", "proc", str(root / "proc"))
        _must("mount", "-t", "tmpfs", "tmpfs", str(root / "tmp"))
        (root / "tmp").chmod(0o1777)
        system = System(root)
        system.run("useradd", "--create-home", "--skel", "/nowhere", PERSON, user="root")
        yield system
    finally:
        end_processes(_inside(root))
        for place in (root / "tmp", root / "proc", root):
            subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)


@contextmanager
def showing(system: System, display: str) -> Iterator[Mapping[str, str]]:
    """Let programs of `system` reach the screen `display` outside; give the variables for it."""
    place = system.root / "tmp" / ".X11-unix"
    place.mkdir()
    _must("mount", "--bind", str(_SOCKETS), str(place))
    try:
        yield {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    finally:
        _must("umount", str(place))
        place.rmdir()


def _fetch(base: Chroot, *words: str) -> None:
    must_quietly(
        base.command([*_APT, *words]),
        cwd=base.folder.parent,
        log=base.folder.with_name(f"{base.folder.name}.log"),
        env=_ENVIRONMENT | _APT_ENVIRONMENT,
    )


def _inside(root: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if Path(f"/proc/{process.pid}/root").readlink() == root:
                found.append(process)
        except OSError:
            continue
    return found


def _content(path: Path) -> str:
    state = path.lstat()
    if S_ISLNK(state.st_mode):
        return f"link to {path.readlink()}"
    if S_ISDIR(state.st_mode):
        return "folder"
    if S_ISREG(state.st_mode):
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    return "other"


def _must(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
