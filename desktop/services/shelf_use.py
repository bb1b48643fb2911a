"""What models take of the disk. Any thread that may wait for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from desktop.domain.shelf import Origin
from desktop.services.shelf_bin import used_by_trash
from desktop.services.shelf_list import Listed
from desktop.services.shelf_room import free_at


@dataclass(frozen=True, slots=True)
class ShelfUse:
    """What models take, in bytes.

    `models` in the models folder, `trash` deleted ones that can still be brought back; `free` is
    what is left of the models folder's disk.
    """

    models: int
    trash: int
    free: int


def use_of(lines: Iterable[Listed], folder: Path, roots: Iterable[Path]) -> ShelfUse:
    """Return what is taken by those of `lines` that are ours, each content counted once.

    `roots` are all folders of models, `folder` the one that new ones are kept in.
    """
    own: dict[object, int] = {}
    for line in lines:
        if line.entry.origin is Origin.LAPIS:
            key = line.found.identity if line.found.identity != (0, 0) else line.found.real
            own[key] = line.found.size
    return ShelfUse(
        models=sum(own.values()), trash=sum(map(used_by_trash, roots)), free=free_at(folder)
    )
