"""What belongs to a model when it is deleted, and which models are ours to delete. Pure looks."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from desktop.domain.errors import StorageError
from desktop.domain.shelf import Origin, ShelfEntry
from desktop.domain.text import Text
from desktop.hub.beside import all_beside


def root_of(entry: ShelfEntry, roots: Iterable[Path]) -> Path:
    """Return the models folder that holds a model of ours; raises StorageError for any other."""
    match entry.origin:
        case Origin.LAPIS:
            for root in roots:
                if all(_lies_in(file, root) for file in entry.files):
                    return root
            raise StorageError(
                Text("This model lies in a folder that only a link leads to"),
                Text("Lapis deletes what is in its own models folder. Delete the file there."),
            )
        case Origin.GUIDE:
            raise StorageError(
                Text("The guide is a part of Lapis and cannot be deleted"),
                Text("It takes little room and answers questions about Lapis."),
            )
        case Origin.OPENED:
            raise StorageError(
                Text("This file was opened from another folder; Lapis does not delete it"),
                Text("Take it out of the list, or delete the file itself where it is."),
            )
        case _:
            raise StorageError(
                Text("This model belongs to another program; Lapis does not delete it"),
                Text("Delete it with the program that brought it."),
            )


def files_to_delete(entry: ShelfEntry, entries: Iterable[ShelfEntry]) -> Sequence[Path]:
    """Return all files of a model: its parts, what a download left beside them, its projector.

    A projector that another model uses too stays.
    """
    files = list(entry.files)
    projector = entry.projector
    if projector is not None:
        used = any(
            other.projector == projector and other.model.path != entry.model.path
            for other in entries
        )
        if not used and projector.parent == entry.model.path.parent:
            files.append(projector)
    for file in list(files):
        files += [each for each in all_beside(file) if os.path.lexists(each)]
    return files


def _lies_in(file: Path, root: Path) -> bool:
    """Return whether `file` is below `root`, and in truth too; a link there may lead anywhere."""
    if not file.is_relative_to(root):
        return False
    return Path(os.path.realpath(file.parent)).is_relative_to(os.path.realpath(root))
