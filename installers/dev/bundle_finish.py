"""What happens to the folder that PyInstaller has made, before it is packed by anybody.

Linux only: on macOS everything is signed by then, and Windows needs nothing of it. Symbols for
debuggers go, and search paths that lead out of the folder; modes and times become the same wherever
it is built.
"""

import hashlib
import os
from pathlib import Path
from typing import Final

from installers.dev import elf
from installers.dev.console import StepFailed, must
from installers.linux.needs import elf_files

PROGRAMS: Final = ("lapis", "lapis-gui")
# Enough for the longest list of files on one command line.
_AT_ONCE: Final = 100


def inside(bundle: Path) -> Path:
    """Return the folder of everything but the programs."""
    return bundle / "_internal"


def finish(bundle: Path, epoch: int) -> None:
    """Make the bundle ready to be packed; `epoch` is the time of its files. Raises StepFailed."""
    _strip(bundle)
    _forget_paths(bundle)
    _drop_dead_links(bundle)
    _settle(bundle, epoch)


def leading_out(bundle: Path) -> list[str]:
    """Return the libraries of a bundle whose search path leads out of it, with that path."""
    found = []
    for path in elf_files(bundle):
        for folder in elf.linking(path).search:
            place = Path(folder.replace("$ORIGIN", str(path.parent)))
            if not Path(os.path.normpath(place)).is_relative_to(bundle):
                found.append(f"{path.relative_to(bundle)}: {folder}")
    return found


def tree_hash(folder: Path) -> str:
    """Return a hash of all names, modes, contents and links in `folder`."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            what = f"link {path.readlink()}"
        elif path.is_dir():
            what = "folder"
        else:
            what = hashlib.sha256(path.read_bytes()).hexdigest()
        mode = path.lstat().st_mode & 0o777
        total.update(f"{path.relative_to(folder).as_posix()} {mode:o} {what}\n".encode())
    return total.hexdigest()


def _strip(bundle: Path) -> None:
    # The two programs are the bootloader, which comes stripped.
    files = [path for path in elf_files(bundle) if path.is_relative_to(inside(bundle))]
    for start in range(0, len(files), _AT_ONCE):
        must(["strip", "--strip-unneeded", *files[start : start + _AT_ONCE]], cwd=bundle)


def _forget_paths(bundle: Path) -> None:
    """Take out search paths that a library has from the machine of the build."""
    for line in leading_out(bundle):
        elf.forget_search(bundle / line.partition(": ")[0])
    if left := leading_out(bundle):
        raise StepFailed(f"These libraries look outside of the bundle: {'; '.join(left)}")


def _drop_dead_links(bundle: Path) -> None:
    """Remove links to libraries that were left out."""
    for path in bundle.rglob("*"):
        if path.is_symlink() and not path.exists():
            path.unlink()


def _settle(bundle: Path, epoch: int) -> None:
    """Give every file the same mode and time wherever, and under whatever mask, it is built."""
    for path in (bundle, *bundle.rglob("*")):
        if path.is_symlink():
            continue
        is_open = path.is_dir() or (path.parent == bundle and path.stem in PROGRAMS)
        path.chmod(0o755 if is_open else 0o644)
    for path in (bundle, *bundle.rglob("*")):
        os.utime(path, (epoch, epoch), follow_symlinks=False)
