"""Folders of what can be had again, kept from growing. Any thread, any process."""

import os
from contextlib import suppress
from pathlib import Path


def keep_newest(
    folder: Path, newest: Path, *, most_bytes: int, most_entries: int, oldest: float = 0.0
) -> None:
    """Remove files from `folder` beyond the bounds, those first that were changed the longest ago.

    `newest` stays. What was changed before `oldest`, in Unix seconds, goes as well. What cannot be
    looked at or removed stays too.
    """
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                is_newest = entry.name == newest.name
                found.append((is_newest, status.st_mtime_ns, status.st_size, entry.path))
    left = most_bytes
    for place, (is_newest, changed, size, path) in enumerate(sorted(found, reverse=True)):
        left -= size
        is_old = changed < oldest * 1e9
        if not is_newest and (left < 0 or place >= most_entries or is_old):
            with suppress(OSError):
                Path(path).unlink()
