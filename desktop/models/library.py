"""The model files on this computer, by the names people type.

Looks at names and sizes only and opens no file, so a folder full of broken files is listed at
once; what is wrong with one is said when it is chosen. Any thread.
"""

import difflib
import os
from collections.abc import Iterable, Iterator
from itertools import chain, count
from pathlib import Path
from typing import Final

from desktop.domain.errors import ModelNotFound
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.models.gguf_faults import shown
from desktop.models.model_file import check_path
from desktop.models.split import part_path, split_name

GUIDE_NAME: Final = "guide"
_SUFFIX: Final = ".gguf"
_DEPTH: Final = 8
_NEAR: Final = 3


class Library:
    """The built-in guide, the folder of models, and files that were opened from elsewhere.

    Each question looks at the disk anew.
    """

    def __init__(self, models_folder: Path, guide: Path, opened: Iterable[str] = ()) -> None:
        """Remember where to look; nothing is read yet. `opened` are paths, newest first."""
        self._folder = models_folder
        self._guide = guide
        self._opened = [Path(path) for path in opened]

    def models(self) -> list[InstalledModel]:
        """Return the guide, every model file in the folder at any depth by name, the opened files.

        Hidden files and picture parts (`mmproj`) of the folder are left out, and opened files that
        are gone or listed already; a split model is listed once.
        """
        files = sorted(_model_files(self._folder), key=_order)
        taken = {GUIDE_NAME}
        found = [self._named(path, taken) for path in files]
        found.sort(key=lambda model: model.name.casefold())
        elsewhere = _without_repeats(self._opened, [self._guide, *files])
        found += [self._named(path, taken) for path in elsewhere]
        return [self._guide_model(), *found]

    def find(self, name_or_path: str) -> InstalledModel:
        """Return the model of that name, file name, unique beginning of a name, or path.

        Empty or `guide` is the built-in guide. Raises ModelNotFound with near names, or
        ModelFileError when a path leads to something that is no file.
        """
        wanted = name_or_path.strip()
        if wanted.casefold() in {"", GUIDE_NAME}:
            return self._guide_model()
        models = self.models()
        key = wanted.casefold()
        named = (model for model in models if key == model.name.casefold())
        filed = (model for model in models if key == _printable(model.path.name).casefold())
        found = next(chain(named, filed), None)
        if found is not None:
            return found
        path = _expanded(wanted)
        if _is_path(wanted) or _is_file(path):
            model = self._at(path)
            return next((each for each in models if each.path == model.path), model)
        matches = [model for model in models if model.name.casefold().startswith(key)]
        if len(matches) == 1:
            return matches[0]
        raise _not_found(wanted, [model.name for model in matches or models], len(matches))

    def _guide_model(self) -> InstalledModel:
        return InstalledModel(
            GUIDE_NAME, GUIDE_NAME, self._guide, _size(self._guide), is_guide=True
        )

    def _at(self, path: Path) -> InstalledModel:
        check_path(path)
        path = path.absolute()
        if path == self._guide.absolute():
            return self._guide_model()
        return InstalledModel(_stem(path), _stem(path), path, _whole_size(path))

    def _named(self, path: Path, taken: set[str]) -> InstalledModel:
        """Return the model of `path`; a name already taken grows into the path, from the folder."""
        is_inside = path.is_relative_to(self._folder)
        place = path.relative_to(self._folder) if is_inside else path
        inside = _printable(place.as_posix())
        wishes = chain(
            (_stem(path), _printable(path.name), inside), (f"{inside} {n}" for n in count(2))
        )
        name = next(wish for wish in wishes if wish.casefold() not in taken)
        taken.add(name.casefold())
        return InstalledModel(name, _stem(path), path, _whole_size(path))


def _model_files(folder: Path) -> Iterator[Path]:
    """Yield the model files below `folder`, following links but never in a circle."""
    seen: set[tuple[int, int]] = set()
    top = len(folder.parts)
    for here, folders, files in os.walk(folder, followlinks=True):
        place = Path(here)
        try:
            status = place.stat()
        except OSError:
            continue
        if (status.st_dev, status.st_ino) in seen or len(place.parts) - top > _DEPTH:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (place / name for name in files if _is_model_name(name))


def _without_repeats(paths: Iterable[Path], listed: Iterable[Path]) -> Iterator[Path]:
    """Yield those of `paths` that are files, each file once and none that is in `listed`."""
    seen = {_real(path) for path in listed}
    for path in filter(_is_file, paths):
        if _real(path) not in seen:
            seen.add(_real(path))
            yield path


def _real(path: Path) -> str:
    return os.path.realpath(path)


def _is_model_name(name: str) -> bool:
    lower = name.casefold()
    if name.startswith(".") or not lower.endswith(_SUFFIX) or "mmproj" in lower:
        return False
    split = split_name(Path(name))
    return split is None or split[1] == 1


def _is_path(text: str) -> bool:
    separators = {os.sep, os.altsep or os.sep}
    return text.startswith("~") or text.casefold().endswith(_SUFFIX) or bool(separators & set(text))


def _order(path: Path) -> tuple[int, str]:
    return len(path.parts), str(path).casefold()


def _stem(path: Path) -> str:
    split = split_name(path)
    return _printable(split[0] if split else path.stem)


def _printable(name: str) -> str:
    """Return a file name that can be shown and printed: nothing invisible, valid text."""
    return "".join(char if char.isprintable() else "\ufffd" for char in name)


def _expanded(text: str) -> Path:
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:  # nobody has that name
        return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # longer than any name may be
        return False


def _whole_size(path: Path) -> int:
    """Return the bytes of a file, or of all parts of a split model that are there."""
    split = split_name(path)
    if split is None:
        return _size(path)
    count = min(split[2], 1000)
    return sum(_size(part_path(path, part, count)) for part in range(1, count + 1))


def _size(path: Path) -> int:
    """Return the size in bytes; 0 for what cannot be looked at, which is said when chosen."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _not_found(wanted: str, names: list[str], matches: int) -> ModelNotFound:
    title = Text("There is no model named {name}", {"name": shown(wanted)})
    if matches:
        return ModelNotFound(
            Text("Several models begin with {name}", {"name": shown(wanted)}),
            Text("Choose one of: {names}.", {"names": ", ".join(names)}),
        )
    by_key = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(wanted.casefold(), by_key, n=_NEAR, cutoff=0.5)
    if near:
        return ModelNotFound(
            title, Text("Did you mean: {names}?", {"names": ", ".join(by_key[one] for one in near)})
        )
    return ModelNotFound(
        title, Text("Put a .gguf file into the models folder, or give the path of one.")
    )
