"""Models of Jan: a folder for each below `llamacpp/models`, with a `model.yml`.

`model.yml` names the file and what the model is called; both are called `model.gguf` where Jan
fetched them, and stay where they were when they were imported (`extensions/llamacpp-extension` of
janhq/jan). Older versions keep files by repository below `models`. The data folder is what
`data_folder` in Jan's `settings.json` says (`src-tauri/src/core/app/commands.rs`). Any thread.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from desktop.domain.shelf import Origin
from desktop.models.effort import Effort, folders_below, is_regular
from desktop.models.elsewhere_folders import foreign, models_below, stem
from desktop.models.folder_walk import FoundModel, model_at
from desktop.models.foreign_files import read_object, read_text, word, yaml_words
from desktop.models.places import ForeignModel, Places, System

_SETTINGS: Final = "settings.json"
# Names of models may have an owner and a quantisation before and after a slash.
_DEPTH: Final = 4
_HUB: Final = "huggingface.co"
_NAMELESS: Final = frozenset({"model", "model.gguf"})


def jan_models(places: Places, effort: Effort) -> Iterator[ForeignModel]:
    """Yield the models of Jan, by what it calls them."""
    for data in dict.fromkeys(jan_data_folders(places)):
        yield from _described(data, places, effort)
        for folder in (data / "llamacpp" / "models", data / "models"):
            for model in models_below(folder, effort):
                yield _plain(model, folder)


def jan_data_folders(places: Places) -> Iterator[Path]:
    """Yield Jan's folders for data, whether they are there or not."""
    set_by_hand = places.variable("JAN_DATA_FOLDER")
    if set_by_hand is not None:
        yield set_by_hand
    homes = [places.data / "Jan", places.data / "jan.ai.app"]
    if places.system is System.LINUX:
        homes.append(places.config / "Jan")
    for home in homes:
        chosen = places.folder(word(read_object(home / _SETTINGS).get("data_folder")))
        if chosen is not None:
            yield chosen
        yield home / "data"
    yield places.home / "jan"


def _described(data: Path, places: Places, effort: Effort) -> Iterator[ForeignModel]:
    top = data / "llamacpp" / "models"
    for folder in folders_below(top, effort, _DEPTH):
        words = yaml_words(read_text(folder / "model.yml"))
        path = _file(words.get("model_path", ""), data, places)
        model = None if path is None else model_at(str(path))
        if model is not None:
            projector = _file(words.get("mmproj_path", ""), data, places)
            name = words.get("name", "")
            called = folder.relative_to(top).as_posix() if name in {"", *_NAMELESS} else name
            yield replace(foreign(model, Origin.JAN, called), projector=projector)


def _file(text: str, data: Path, places: Places) -> Path | None:
    """Return the model file that Jan points to: in its data folder, or a whole path."""
    inside = Path(text)
    if text and "\0" not in text and not inside.is_absolute() and ".." not in inside.parts:
        path = data / inside
    else:
        path = places.folder(text) or data
    return path if path.suffix.casefold() == ".gguf" and is_regular(path) else None


def _plain(model: FoundModel, folder: Path) -> ForeignModel:
    inside = Path(model.path).relative_to(folder).parts
    name = stem(model.name)
    if name in _NAMELESS and len(inside) > 1:
        name = "/".join(inside[:-1])
    is_known = len(inside) > len((_HUB, "owner", "name")) and inside[0] == _HUB
    repository = "/".join(inside[1:3]) if is_known else ""
    return foreign(model, Origin.JAN, name, repository=repository)
