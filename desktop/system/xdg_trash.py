"""The trash of Linux desktops, as file managers on all of them read it.

Source: the Trash specification 1.0 of freedesktop.org. The library at hand writes relative paths
into the trash of the home folder, which the specification leaves to other disks, and copies whole
files from one disk to another; so the few steps are taken here. Any thread.
"""

import contextlib
import errno
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from desktop.base.disks import nearest
from desktop.system.linux_session import data_folder

_MOST_TRIES: Final = 1000
_SCREENS: Final = ("DISPLAY", "WAYLAND_DISPLAY")


def to_xdg_trash(path: Path, original: Path, environment: Mapping[str, str]) -> bool:
    """Move `path` to the trash of its disk, to be put back at `original`; raises OSError.

    False where that disk has none, and where nobody would ever see it: without a desktop and
    without a trash from earlier.
    """
    home = _home_trash(environment)
    if _device(home) == path.lstat().st_dev:
        if not home.is_dir() and not any(environment.get(name) for name in _SCREENS):
            return False
        return _put(path, home, os.fsencode(original.absolute()))
    top = _top_folder(path)
    trash = _trash_of_disk(top)
    if trash is None:
        return False
    place = original.absolute()
    is_below = place.is_relative_to(top)
    return _put(path, trash, os.fsencode(place.relative_to(top) if is_below else place))


def _home_trash(environment: Mapping[str, str]) -> Path:
    return data_folder(environment) / "Trash"


def _device(folder: Path) -> int:
    """Return the disk of a folder, or of the nearest one above that exists."""
    return nearest(folder).stat().st_dev


def _top_folder(path: Path) -> Path:
    """Return where the disk of `path` is mounted."""
    folder = path.parent.resolve()
    return next(one for one in (folder, *folder.parents) if one.is_mount())


def _trash_of_disk(top: Path) -> Path | None:
    """Return this account's trash on another disk, made where it may be; None where it may not."""
    user = str(os.getuid())
    shared = top / ".Trash"
    with contextlib.suppress(OSError):
        status = shared.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
            own = shared / user
            own.mkdir(mode=0o700, exist_ok=True)
            return own
    own = top / f".Trash-{user}"
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        status = own.lstat()
    except OSError:
        return None
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    return own if is_ours else None


def _put(path: Path, trash: Path, original: bytes) -> bool:
    """Move `path` into `trash`; the note about it is written first, as the specification wants."""
    files, notes = trash / "files", trash / "info"
    for folder in (files, notes):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    deleted = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime())
    content = f"[Trash Info]\nPath={quote(original)}\nDeletionDate={deleted}\n"
    original_name = Path(os.fsdecode(original)).name
    for number in range(1, _MOST_TRIES):
        name = original_name
        if number > 1:
            stem, dot, suffix = original_name.rpartition(".")
            name = f"{stem or suffix} {number}{dot if stem else ''}{suffix if stem else ''}"
        note = notes / f"{name}.trashinfo"
        try:
            handle = os.open(note, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            continue
        try:
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(content)
            if os.path.lexists(files / name):
                note.unlink()
                continue
            path.rename(files / name)
        except OSError as error:
            # A note of nothing would stay in the trash for ever, and each try adds another.
            note.unlink(missing_ok=True)
            # One device, two mounts of it: to move would be to copy.
            if error.errno == errno.EXDEV:
                return False
            raise
        return True
    return False
