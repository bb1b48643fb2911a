"""From the files of a repository to the models one can choose. Pure; any thread.

Rules: parts of a split model are one model, and an incomplete set is none; what lets a model see
pictures is paired with the models near it; helpers, imatrix files and names that could not be
files here are left out.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from desktop.domain.repository import QuantisedModel, RemoteFile
from desktop.hub.file_names import (
    is_for_chat,
    is_gguf,
    is_projector,
    is_safe_path,
    quantisation_label,
    split_part,
    stem,
)

# F16 runs everywhere; BF16 is the same but slow on older cards; more bits see no better.
_PROJECTOR_TYPES: Final = ("F16", "BF16", "Q8_0", "F32")


def grouped(
    files: Iterable[RemoteFile],
) -> tuple[tuple[QuantisedModel, ...], tuple[RemoteFile, ...]]:
    """Return (models, smallest first; projectors, best first) of all files of a repository."""
    usable: dict[str, RemoteFile] = {}
    for file in files:
        if is_gguf(file.path) and is_safe_path(file.path) and file.size > 0:
            usable.setdefault(file.path, file)
    chat = [file for file in usable.values() if is_for_chat(file.path)]
    models = [_model((file,)) for file in chat if split_part(file.path) is None]
    models += [_model(parts) for parts in _complete_sets(chat)]
    projectors = [
        file
        for file in usable.values()
        if is_projector(file.path) and split_part(file.path) is None
    ]
    return (
        tuple(sorted(models, key=lambda model: (model.size, model.files[0].path))),
        tuple(sorted(projectors, key=_projector_rank)),
    )


def nearest_projector(model: QuantisedModel, projectors: Iterable[RemoteFile]) -> RemoteFile | None:
    """Return the projector to take with `model`: the nearest folder, then the best."""
    ranked = list(projectors)
    if not ranked:
        return None
    return min(
        ranked, key=lambda file: (_distance(model.files[0].path, file.path), *_fit(model, file))
    )


def _fit(model: QuantisedModel, file: RemoteFile) -> tuple[int, tuple[int, int, str]]:
    """Rank by the name that both share, where several models live in one repository."""
    words = stem(file.path).lower().replace("mmproj", "").strip("-_.")
    label = quantisation_label(file.path).lower()
    words = words.removesuffix(label).strip("-_.")
    is_namesake = bool(words) and model.name.lower().startswith(words)
    return (0 if is_namesake else 1), _projector_rank(file)


def _projector_rank(file: RemoteFile) -> tuple[int, int, str]:
    label = quantisation_label(file.path)
    known = _PROJECTOR_TYPES.index(label) if label in _PROJECTOR_TYPES else len(_PROJECTOR_TYPES)
    return known, file.size, file.path


def _distance(one: str, other: str) -> int:
    """Return how many steps lie between the folders of two files."""
    here, there = one.split("/")[:-1], other.split("/")[:-1]
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    return len(here) + len(there) - 2 * shared


def _complete_sets(files: Iterable[RemoteFile]) -> Iterable[tuple[RemoteFile, ...]]:
    sets: dict[tuple[str, int], dict[int, RemoteFile]] = defaultdict(dict)
    for file in files:
        split = split_part(file.path)
        if split is not None:
            name, part, count = split
            sets[name, count][part] = file
    for (_, count), parts in sets.items():
        if len(parts) == count:
            yield tuple(parts[part] for part in range(1, count + 1))


def _model(files: tuple[RemoteFile, ...]) -> QuantisedModel:
    path = files[0].path
    return QuantisedModel(stem(path), quantisation_label(path), files)
