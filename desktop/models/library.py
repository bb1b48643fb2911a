"""The model files on this computer, by the names people type.

Looks at names and sizes only and opens no file, so a folder full of broken files is listed at
once; what is wrong with one is said when it is chosen. Any thread.
"""

import difflib
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Final, NamedTuple

from desktop.base.files import size_of
from desktop.base.path_text import typed_path
from desktop.domain.errors import ModelNotFound, UnknownModel
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text, printable
from desktop.models.effort import is_regular
from desktop.models.folder_walk import FoundModel, model_at, walk
from desktop.models.gguf_faults import shown
from desktop.models.model_file import check_path
from desktop.models.split import split_name

GUIDE_NAME: Final = "guide"
_SUFFIX: Final = ".gguf"
_NEAR: Final = 3


class Holding(NamedTuple):
    """A model of the library with everything that is known of it without opening a file.

    `is_opened`: it lies outside the folder of models.
    """

    model: InstalledModel
    found: FoundModel
    is_opened: bool = False


class Library:
    """The built-in guide, the folder of models, and files that were opened from elsewhere.

    Each question looks at the disk anew.
    """

    def __init__(
        self,
        models_folder: Path,
        guide: Path,
        opened: Iterable[str] = (),
        *,
        other_half: Path | None = None,
    ) -> None:
        """Remember where to look; nothing is read yet. `opened` are paths, newest first.

        `other_half` is a second folder of models, while they are being moved from one to the other.
        """
        self._folder = models_folder
        self._guide = guide
        self._opened = list(opened)
        self._other_half = other_half

    def models(self) -> list[InstalledModel]:
        """Return the guide, every model file in the folder at any depth by name, the opened files.

        Hidden files, picture parts (`mmproj`) and split models that lack a part are left out, and
        opened files that are gone or listed already; a split model is listed once.
        """
        return [holding.model for holding in self.holdings()]

    def holdings(self) -> list[Holding]:
        """Return what `models` does, each with its files."""
        inside = [
            (found, found.path[len(folder) :].lstrip(os.sep))
            for found, folder in self._in_folders()
        ]
        inside.sort(key=lambda pair: _order(pair[0].path))
        taken = {GUIDE_NAME}
        held = [
            Holding(_named(found, place.replace(os.sep, "/"), taken), found)
            for found, place in inside
        ]
        held.sort(key=lambda holding: holding.model.name.casefold())
        known = {found.real for found, _ in inside} | {os.path.realpath(self._guide)}
        for found in _opened(self._opened, known):
            model = _named(found, Path(found.path).as_posix(), taken)
            held.append(Holding(model, found, is_opened=True))
        guide = _guide_at(self._guide)
        return [Holding(guide, _found_guide(self._guide)), *held]

    def find(self, name_or_path: str) -> InstalledModel:
        """Return the model of that name, file name, unique beginning of a name, or path.

        Empty or `guide` is the built-in guide. Raises ModelNotFound with near names, or
        ModelFileError when a path leads to something that is no file.
        """
        wanted = name_or_path.strip()
        if wanted.casefold() in {"", GUIDE_NAME}:
            return _guide_at(self._guide)
        return choose(wanted, self.models(), self._guide)

    def _in_folders(self) -> Iterator[tuple[FoundModel, str]]:
        """Yield the models of the folder, then those that only its other half has."""
        folder = os.fspath(self._folder)
        seen = set()
        for found in walk(folder):
            seen.add(found.path[len(folder) :])
            yield found, folder
        if self._other_half is not None:
            other = os.fspath(self._other_half)
            for found in walk(other):
                if found.path[len(other) :] not in seen:
                    yield found, other


def choose(wanted: str, models: Sequence[InstalledModel], guide: Path) -> InstalledModel:
    """Return the one of `models` that is meant; a path need not be among them.

    Raises as `Library.find` does.
    """
    key = wanted.casefold()
    named = (model for model in models if key == model.name.casefold())
    filed = (model for model in models if key == printable(model.path.name).casefold())
    found = next(chain(named, filed), None)
    if found is not None:
        return found
    path = typed_path(wanted)
    if _is_path(wanted) or is_regular(path):
        model = _at(path, guide)
        return next((each for each in models if each.path == model.path), model)
    matches = [model for model in models if model.name.casefold().startswith(key)]
    if len(matches) == 1:
        return matches[0]
    raise _not_found(wanted, [model.name for model in matches or models], len(matches))


def _at(path: Path, guide: Path) -> InstalledModel:
    check_path(path)
    path = path.absolute()
    if path == guide.absolute():
        return _guide_at(guide)
    found = model_at(os.fspath(path))
    size = size_of(path) if found is None else found.size
    return InstalledModel(_stem(path.name), _stem(path.name), path, size)


def _named(found: FoundModel, place: str, taken: set[str]) -> InstalledModel:
    """Return the model of a file; a name already taken grows into the path, from the folder."""
    path = Path(found.path)
    stem = _stem(found.name)
    if stem.casefold() in taken:
        whole = printable(place)
        wishes = chain((printable(found.name), whole), (f"{whole} {number}" for number in count(2)))
        name = next(wish for wish in wishes if wish.casefold() not in taken)
    else:
        name = stem
    taken.add(name.casefold())
    return InstalledModel(name, stem, path, found.size)


def _opened(paths: Iterable[str], known: set[str]) -> Iterator[FoundModel]:
    """Yield the models at `paths` that are there and whole, each once and none that is known."""
    for path in paths:
        found = model_at(path)
        if found is not None and found.real not in known:
            known.add(found.real)
            yield found


def _guide_at(path: Path) -> InstalledModel:
    return InstalledModel(GUIDE_NAME, GUIDE_NAME, path, size_of(path), is_guide=True)


def _found_guide(path: Path) -> FoundModel:
    text = os.fspath(path)
    return model_at(text) or FoundModel(text, path.name, os.path.realpath(text), (text,))


def _is_path(text: str) -> bool:
    separators = {os.sep, os.altsep or os.sep}
    return text.startswith("~") or text.casefold().endswith(_SUFFIX) or bool(separators & set(text))


def _order(path: str) -> tuple[int, str]:
    return path.count(os.sep), path.casefold()


def _stem(name: str) -> str:
    split = split_name(Path(name)) if "-of-" in name else None
    return printable(split[0] if split else name.rpartition(".")[0] or name)


def is_file(words: str) -> bool:
    """Return whether `words` are the path of a file that is there."""
    return is_regular(typed_path(words))


def _not_found(wanted: str, names: list[str], matches: int) -> ModelNotFound:
    title = Text("There is no model named {name}", {"name": shown(wanted)})
    if matches:
        return ModelNotFound(
            Text("Several models begin with {name}", {"name": shown(wanted)}),
            Text("Choose one of: {names}.", {"names": tuple(names)}),
        )
    by_key = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(wanted.casefold(), by_key, n=_NEAR, cutoff=0.5)
    if near:
        return ModelNotFound(
            title, Text("Did you mean: {names}?", {"names": tuple(by_key[one] for one in near)})
        )
    return UnknownModel(
        title, Text("Put a .gguf file into the models folder, or give the path of one.")
    )
