"""What belongs to a model when it is deleted, and which models are ours to delete. Pure looks."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from desktop.domain.errors import AlreadyDownloading, StorageError
from desktop.domain.shelf import Origin, ShelfEntry
from desktop.domain.text import Text
from desktop.hub.beside import all_beside, lock_path
from desktop.hub.target_lock import locked


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


def check_quiet(entry: ShelfEntry) -> None:
    """Raise StorageError while a file of the model is being downloaded anew, by whichever Lapis."""
    projector = () if entry.projector is None else (entry.projector,)
    for file in (*entry.files, *projector):
        if not os.path.lexists(lock_path(file)):
            continue
        try:
            with locked(file):
                pass
        except AlreadyDownloading as error:
            raise StorageError(
                Text("{name} is being downloaded at the moment", {"name": entry.model.name}),
                Text("Cancel the download, or wait until it is done; then delete it."),
            ) from error
        except OSError:
            # The disk does not let us; it will say so when the files are to go.
            return


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
