"""Disks: how much room there is where a folder is, or will be. Any thread."""

import shutil
from pathlib import Path
from typing import Final, NamedTuple

ROOM_TO_LEAVE: Final = 512 * 10**6
"""Bytes that the system needs to go on; nobody fills a disk with models to the last one."""


class Room(NamedTuple):
    """A disk, in bytes."""

    total: int
    used: int
    free: int


def nearest(folder: Path) -> Path:
    """Return `folder`, or the nearest one above it that exists."""
    return next((one for one in (folder, *folder.parents) if one.exists()), folder)


def room_of(folder: Path) -> Room:
    """Return the room on the disk of `folder`, which need not exist yet; raises OSError."""
    return Room(*shutil.disk_usage(nearest(folder)))
