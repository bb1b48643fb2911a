"""Whether a folder lies on another computer, where SQLite's shared memory does not work.

Pure reading of the system's list of file systems; any thread.
"""

import os
import re
import sys
from pathlib import Path

_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "9p", "vboxsf", "fuse.sshfs"}
)
_MOUNTS = Path("/proc/self/mounts")
_DRIVE_REMOTE = 4


def is_remote(path: Path) -> bool:
    """Return whether `path` is on a network file system; False when it cannot be told."""
    resolved = path.resolve()
    if sys.platform == "win32":
        import ctypes

        root = resolved.anchor
        return (
            root.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(root) == _DRIVE_REMOTE
        )
    return _file_system(resolved) in _REMOTE


def _file_system(path: Path) -> str:
    kinds = _mounts()
    mounted = (str(folder) for folder in (path, *path.parents) if str(folder) in kinds)
    return kinds.get(next(mounted, ""), "")


def _mounts() -> dict[str, str]:
    """Return the kind of file system mounted on each folder."""
    if sys.platform != "linux":
        # Slow to import, and needed here by macOS only.
        import psutil

        return {
            os.path.normpath(part.mountpoint): part.fstype.lower()
            for part in psutil.disk_partitions(all=True)
        }
    try:
        lines = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return {}
    return {_unescaped(line.split()[1]): line.split()[2] for line in lines}


def _unescaped(name: str) -> str:
    """Undo the octal numbers that stand for spaces and the like in the kernel's list."""
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), name)
