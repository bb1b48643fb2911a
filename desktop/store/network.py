"""Whether a folder lies on another computer, where SQLite's shared memory does not work."""

import os
import sys
from pathlib import Path

import psutil

_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "9p", "vboxsf", "fuse.sshfs"}
)
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
    try:
        partitions = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ""
    mounts = {os.path.normpath(part.mountpoint): part.fstype for part in partitions}
    for folder in (path, *path.parents):
        kind = mounts.get(str(folder))
        if kind is not None:
            return kind.lower()
    return ""
