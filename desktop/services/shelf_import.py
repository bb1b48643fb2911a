"""A model file from elsewhere becomes one of the library: linked, copied, or used where it is.

Whatever is refused, fails or is stopped leaves nothing behind: files gather in a folder that gets
its name when all of them are there. The thread that asks.
"""

import errno
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from threading import Event
from typing import Final

from desktop.base.copying import copy_file
from desktop.base.disk_faults import told_about
from desktop.base.files import make_folder, sync_folder
from desktop.domain.errors import ModelFileError
from desktop.domain.text import Text
from desktop.hub.file_names import MOST_NAME_BYTES, safe_name
from desktop.models.folder_walk import model_at, walk
from desktop.models.gguf import read_gguf
from desktop.models.split import split_name
from desktop.services.shelf_faults import is_there_already
from desktop.services.shelf_incoming import gathering
from desktop.services.shelf_progress import Meter, Progress
from desktop.services.shelf_room import check_room

_SUFFIX: Final = ".gguf"
# What a disk says that cannot give one file two names, or not across its border.
_NO_LINKS: Final = frozenset(
    {
        *(errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOSYS, errno.EINVAL),
        *(errno.ENOTSUP, errno.EOPNOTSUPP),
    }
)

_log = logging.getLogger(__name__)


class ImportHow(StrEnum):
    """What becomes of a file that is imported."""

    HARD_LINK = "hard_link"
    COPY = "copy"
    IN_PLACE = "in_place"


@dataclass(frozen=True, slots=True)
class Imported:
    """A model that is in the library now: its (first) file, and how it came there.

    `notice` says what was done otherwise than asked.
    """

    path: Path
    how: ImportHow
    notice: Text | None = None


def import_model(
    path: Path, how: ImportHow, folder: Path, progress: Progress, cancel: Event
) -> Imported | None:
    """Take the model at `path` into the models folder `folder`; None if it was stopped.

    `IN_PLACE` only checks it. Raises ModelFileError and StorageError; then nothing was written.
    """
    info = read_gguf(path)
    source = path.absolute()
    if _is_below(source, folder):
        raise ModelFileError(
            Text("This file is in the models folder already"),
            Text("There is nothing to import: choose it in the list of models."),
        )
    if how is ImportHow.IN_PLACE:
        return Imported(source, how)
    found = model_at(os.fspath(source))
    files = [source] if found is None else [Path(file) for file in found.files]
    title = f"{info.name} {info.quantisation}".strip()
    names = [_safe_name(file.name, title) for file in files]
    split = split_name(Path(names[0]))
    title = (split[0] if split else Path(names[0]).stem).strip(". ") or "model"
    if found is not None and found.projector is not None:
        projector = Path(found.projector)
        files.append(projector)
        names.append(_safe_name(projector.name, projector.stem))
    _check_free(folder, names[0], title)
    with told_about(folder):
        return _gather(files, names, title, how, folder, progress, cancel)


def _gather(
    files: Sequence[Path],
    names: Sequence[str],
    title: str,
    how: ImportHow,
    folder: Path,
    progress: Progress,
    cancel: Event,
) -> Imported | None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sizes = [file.stat().st_size for file in files]
    meter = Meter(sum(sizes), progress)
    with gathering(folder) as place:
        make_folder(place)
        fell_back = False
        if how is ImportHow.HARD_LINK:
            how = _linked(files, names, place)
            fell_back = how is ImportHow.COPY
        if how is ImportHow.COPY:
            check_room(folder, sum(sizes))
            for file, name in zip(files, names, strict=True):
                if not copy_file(file, place / name, meter.add, cancel):
                    return None
        else:
            meter.add(sum(sizes))
        sync_folder(place)
        target = _free_folder(folder, title)
        place.rename(target)
    sync_folder(folder)
    notice = (
        Text("The file lies on another disk, or its disk knows no links, so it was copied")
        if fell_back
        else None
    )
    return Imported(target / names[0], how, notice)


def _linked(files: Sequence[Path], names: Sequence[str], place: Path) -> ImportHow:
    """Give the files second names in `place`; COPY if their disk does not let us."""
    for file, name in zip(files, names, strict=True):
        try:
            (place / name).hardlink_to(file.resolve())
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _log.info("no hard link: %s", error.strerror)
            for made in place.iterdir():
                made.unlink()
            return ImportHow.COPY
    return ImportHow.HARD_LINK


def _check_free(folder: Path, name: str, title: str) -> None:
    """Refuse a model whose file or title the library has, whatever the case of its letters."""
    wanted = {name.casefold(), title.casefold()}
    for each in walk(os.fspath(folder)):
        split = split_name(Path(each.name))
        stem = split[0] if split else Path(each.name).stem
        if each.name.casefold() in wanted or stem.casefold() in wanted:
            raise is_there_already(title)


def _free_folder(folder: Path, title: str) -> Path:
    names = {name.casefold() for name in os.listdir(folder)}  # noqa: PTH208 - names alone
    wishes = (title if number == 1 else f"{title} {number}" for number in count(1))
    return folder / next(wish for wish in wishes if wish.casefold() not in names)


def _safe_name(name: str, other: str) -> str:
    """Return a name that every system takes and the library lists; `other` where `name` says none.

    A file without the ending of model files (as other programs' stores hold) is named after what
    its header says.
    """
    if not name.casefold().endswith(_SUFFIX):
        name = f"{other}{_SUFFIX}"
    stem, suffix = name[: -len(_SUFFIX)], name[-len(_SUFFIX) :]
    # The parts of a split model are told by the ends of their names.
    whole = split_name(Path(name)) is None
    return safe_name(stem, MOST_NAME_BYTES if whole else len(os.fsencode(stem))) + suffix


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve()) or path.is_relative_to(folder)
