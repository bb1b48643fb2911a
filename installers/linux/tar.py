"""The .tar.xz: a folder that runs where it is unpacked, and can install itself into a home."""

import platform
import shutil
from pathlib import Path

from installers.dev.console import must
from installers.dev.places import ROOT, clean_environment
from installers.linux import fallback
from installers.linux.contents import DATA, PROGRAMS, Contents, lay_out, settle

NAME = "lapis-assistant"


def make(contents: Contents, work: Path, target: Path) -> Path:
    """Write the archive into the folder `target`, by way of a new folder `work`; return its path.

    Raises StepFailed.
    """
    top = work / "tar"
    shutil.rmtree(top, ignore_errors=True)
    name = f"{NAME}-{contents.version}-linux-{platform.machine()}"
    root = top / name
    lay_out(contents, root, root / "share", "tar")
    fallback.add(contents.needs, root)
    for source, place in (
        (DATA / "install.sh", "install.sh"),
        (DATA / "README.tar.txt", "README.txt"),
        (ROOT / "LICENSE", "LICENSE"),
        (ROOT / "CHANGELOG.md", "CHANGELOG.md"),
    ):
        shutil.copyfile(source, root / place)
    programs = (*PROGRAMS, "install.sh")
    settle(root, contents.built, frozenset(root / each for each in programs))
    archive = top / f"{name}.tar"
    must(
        [
            *("tar", "--sort=name", "--format=gnu", f"--mtime=@{contents.built}"),
            *("--owner=0", "--group=0", "--numeric-owner", "-cf", archive, "-C", top, name),
        ],
        cwd=top,
        env=clean_environment(LC_ALL="C.UTF-8"),
    )
    # One thread: more pack in blocks.
    must(["xz", "-6", "--threads=1", archive], cwd=top, env=clean_environment(XZ_OPT=""))
    return Path(shutil.move(f"{archive}.xz", target / f"{name}.tar.xz"))
