"""Sees which files of a folder are opened, by whomever (Linux)."""

import ctypes
import os
import struct
from pathlib import Path

_EVENT = struct.Struct("iIII")
_IN_OPEN = 0x20
_CLOEXEC = 0o2000000
_NONBLOCK = 0o4000


class FileWatch:
    """Counts openings of the files in one folder since the last look."""

    def __init__(self, folder: Path) -> None:
        """Start to watch; raises OSError where the system has no such means."""
        libc = ctypes.CDLL(None, use_errno=True)
        self._handle = libc.inotify_init1(_CLOEXEC | _NONBLOCK)
        if self._handle < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        if libc.inotify_add_watch(self._handle, os.fsencode(folder), _IN_OPEN) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")

    def opened(self) -> list[str]:
        """Return the names opened since the last call."""
        try:
            data = os.read(self._handle, 65536)
        except BlockingIOError:
            return []
        names = []
        while data:
            length = _EVENT.unpack_from(data)[3]
            names.append(os.fsdecode(data[_EVENT.size : _EVENT.size + length].rstrip(b"\0")))
            data = data[_EVENT.size + length :]
        return [name for name in names if name]

    def close(self) -> None:
        os.close(self._handle)
