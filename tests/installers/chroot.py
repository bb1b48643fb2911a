"""Small systems of their own to install into: debootstrap, kept in the cache, run with chroot.

A kept one is never changed: what a test does, it does in a folder of its own there, or in a copy.
Packages come from the Debian archive that apt is set up with. Needs root.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from installers.dev.console import StepFailed, must_quietly, step
from installers.dev.places import cache_folder

RELEASE: Final = "bookworm"
# Before any test has given itself another home.
CACHE: Final = cache_folder() / "chroots"
_PLAIN: Final = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}
_INSTALL: Final = "apt-get -qq update && apt-get -qq install -y --no-install-recommends"


def carried_out(
    words: Sequence[str], environment: Mapping[str, str], *, seconds: float, must_work: bool
) -> subprocess.CompletedProcess[str]:
    """Run a program with `environment` alone and nothing to read, and return what it said.

    AssertionError with that if it fails and `must_work`.
    """
    done = subprocess.run(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
        check=False,
    )
    assert not must_work or done.returncode == 0, (
        f"{' '.join(words)}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    )
    return done


@dataclass(frozen=True, slots=True)
class Chroot:
    """A system in `folder`."""

    folder: Path

    def run(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        seconds: float = 120.0,
        must_work: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in it, as root, with nothing of our environment.

        AssertionError with what it said if it fails, unless that is allowed.
        """
        return carried_out(
            self.command(command),
            _PLAIN | dict(environment or {}),
            seconds=seconds,
            must_work=must_work,
        )

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the words that run `command` in it."""
        return ["chroot", str(self.folder), *command]

    def inside(self, path: Path) -> str:
        """Return how programs in it call `path`."""
        return f"/{path.relative_to(self.folder)}"

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Have /proc in it, which many programs want."""
        place = self.folder / "proc"
        subprocess.run(["mount", "-t", "proc", "proc", place], check=True)
        try:
            yield
        finally:
            # What still runs in there is no reason to keep it: it goes when they end.
            subprocess.run(["umount", "--lazy", place], check=True)


def ensure(name: str, packages: Sequence[str], architecture: str = "") -> Chroot:
    """Return a system with `packages`, made if there is none yet; minutes then.

    `architecture` as Debian calls it, ours if left out. Raises StepFailed.
    """
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise StepFailed("These tests make systems of their own: they need root and debootstrap.")
    architecture = architecture or _own_architecture()
    wanted = "\n".join((RELEASE, architecture, *sorted(packages)))
    key = hashlib.sha256(wanted.encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{architecture}-{key}"
    if not folder.is_dir():
        with step(f"Making a small Debian system for tests: {name}", "once; 2 to 5 minutes"):
            _make(folder, packages, architecture)
    return Chroot(folder)


def copied(chroot: Chroot, folder: Path) -> Chroot:
    """Return a copy of `chroot` in `folder`, to be changed at will."""
    subprocess.run(["cp", "-a", "--reflink=auto", chroot.folder, folder], check=True)
    return Chroot(folder)


def _make(folder: Path, packages: Sequence[str], architecture: str) -> None:
    """Make it beside, then rename: what breaks off is begun anew."""
    work = folder.with_name(f"{folder.name}-making")
    shutil.rmtree(work, ignore_errors=True)
    work.parent.mkdir(parents=True, exist_ok=True)
    log = folder.with_name(f"{folder.name}.log")
    words = ["debootstrap", f"--arch={architecture}", "--variant=minbase", RELEASE]
    must_quietly([*words, str(work), _archive()], cwd=CACHE, log=log)
    if packages:
        made = Chroot(work)
        environment = _PLAIN | {"DEBIAN_FRONTEND": "noninteractive"}
        with made.mounted():
            install = made.command(["sh", "-c", f"{_INSTALL} {' '.join(packages)}"])
            must_quietly(install, cwd=CACHE, log=log, env=environment)
    work.rename(folder)


def _archive() -> str:
    """Return the address of the Debian archive that apt takes this release from."""
    form = "$(ORIGIN) $(RELEASE) $(COMPONENT) $(REPO_URI)"
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", form], capture_output=True, text=True, check=False
    ).stdout
    for line in listing.splitlines():
        origin, release, component, address = line.split(" ", 3)
        if (origin, release, component) == ("Debian", RELEASE, "main"):
            return address
    raise StepFailed(f"apt knows no archive with Debian {RELEASE}, to make a test system from.")


def _own_architecture() -> str:
    told = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    )
    return told.stdout.strip()
