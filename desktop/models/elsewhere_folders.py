"""Model files in folders: what most programs' stores come down to, and the folders people name.

Any thread.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desktop.domain.shelf import Origin
from desktop.models.effort import Effort, files_in, is_regular
from desktop.models.folder_walk import FoundModel, walk
from desktop.models.foreign_files import shown_name
from desktop.models.places import ForeignModel, Places
from desktop.models.projectors import pairs
from desktop.models.split import split_name

# What stands beside models in a repository and cannot chat: tables for quantising, and guessers.
_HELPER: Final = re.compile(r"imatrix|-draft|^(?:mtp|eagle3|dflash|dspark)-", re.IGNORECASE)
_FOLDERS_ABOVE: Final = 2


def folder_models(places: Places, effort: Effort) -> Iterator[ForeignModel]:
    """Yield the models in the folders that a person named."""
    for folder in places.folders:
        for model in models_below(folder, effort):
            yield foreign(model, Origin.FOLDER, stem(model.name))


def models_below(folder: Path, effort: Effort) -> Iterator[FoundModel]:
    """Yield the whole models below `folder`, by name; not what helps models and cannot chat."""
    found = [
        model
        for model in walk(os.fspath(folder), effort.spend)
        if not _HELPER.search(model.name) and is_regular(Path(model.path))
    ]
    yield from sorted(found, key=lambda model: model.path)


def foreign(model: FoundModel, origin: Origin, name: str, *, repository: str = "") -> ForeignModel:
    """Return the value for a model of a program that keeps plain files."""
    return ForeignModel(
        name=shown_name(name),
        origin=origin,
        files=tuple(map(Path, model.files)),
        size=model.size,
        projector=None if model.projector is None else Path(model.projector),
        repository=repository,
    )


def projector_above(model: FoundModel, top: Path, effort: Effort) -> Path | None:
    """Return the projector of a model that lies in a folder of its own quantisation.

    It is looked for in the folders above, at most two, that are in `top` or `top` itself.
    """
    for folder in Path(model.path).parents[1 : _FOLDERS_ABOVE + 1]:
        if not folder.is_relative_to(top):
            break
        names = {each.name for each in files_in(folder, effort) if each.suffix == ".gguf"}
        if model.name not in names:
            chosen = pairs({*names, model.name}).get(model.name)
            if chosen is not None:
                return folder / chosen
    return None


def stem(name: str) -> str:
    """Return what a model file is called, without its part and what kind of file it is."""
    split = split_name(Path(name))
    return split[0] if split else Path(name).stem
