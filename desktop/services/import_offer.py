"""What it would cost to take a model file into the library, asked before it is done. Any thread."""

import os
from dataclasses import dataclass
from pathlib import Path

from desktop.base.disks import nearest
from desktop.models.folder_walk import model_at
from desktop.models.gguf import read_gguf
from desktop.services.shelf_room import free_at


@dataclass(frozen=True, slots=True)
class ImportOffer:
    """A file that may be imported: its `size` in bytes, all parts of a split one together.

    `can_link` says whether it lies on the disk of the models folder, where `free` bytes are left.
    """

    path: Path
    size: int
    can_link: bool
    free: int


def import_offer(path: Path, folder: Path) -> ImportOffer:
    """Return what importing `path` into the models folder `folder` takes; raises ModelFileError."""
    read_gguf(path)
    found = model_at(os.fspath(path))
    size = found.size if found is not None else path.stat().st_size
    can_link = path.stat().st_dev == nearest(folder).stat().st_dev
    return ImportOffer(path, size, can_link, free_at(folder))
