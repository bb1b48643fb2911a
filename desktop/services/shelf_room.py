"""Room on the disks that hold models. Any thread."""

from pathlib import Path

from desktop.base.disk_faults import told_about
from desktop.base.disks import ROOM_TO_LEAVE, room_of
from desktop.domain.errors import StorageError
from desktop.domain.quantities import sized
from desktop.domain.text import Text


def free_at(folder: Path) -> int:
    """Return the free bytes of the disk that holds `folder`; 0 where nobody tells."""
    try:
        return room_of(folder).free
    except OSError:
        return 0


def check_room(folder: Path, needed: int) -> None:
    """Raise StorageError unless the disk of `folder` takes `needed` bytes and has some left."""
    with told_about(folder):
        free = room_of(folder).free
    if free < needed + ROOM_TO_LEAVE:
        raise _no_room(folder, needed, free)


def _no_room(folder: Path, needed: int, free: int) -> StorageError:
    """Return the words for `needed` bytes where only `free` are left, with room for the system."""
    return StorageError(
        Text(
            "There is not enough room in {folder}: {needed} are needed, {free} are free",
            {"folder": str(folder), "needed": sized(needed), "free": sized(free)},
        ),
        Text(
            "Free at least {missing}, or choose a folder on another disk.",
            {"missing": sized(max(1, needed + ROOM_TO_LEAVE - free))},
        ),
    )
