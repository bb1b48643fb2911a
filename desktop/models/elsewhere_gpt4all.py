"""Models of GPT4All: files in one folder, which people can choose.

The folder is `modelPath` in `GPT4All.ini`, else the one for data of this computer
(`gpt4all-chat/src/mysettings.cpp` and `modellist.cpp` of nomic-ai/gpt4all); its Python package
keeps its own in `~/.cache/gpt4all`. What is being downloaded is called `incomplete-…`. Any thread.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desktop.domain.shelf import Origin
from desktop.models.effort import Effort
from desktop.models.elsewhere_folders import foreign, models_below, stem
from desktop.models.foreign_files import qt_value, read_text
from desktop.models.places import ForeignModel, Places, System

_NAME: Final = ("nomic.ai", "GPT4All")
_INI: Final = "GPT4All.ini"
_UNFINISHED: Final = "incomplete"
# The default of the Mac's settings folder is the domain, and elsewhere the organisation.
_MAC_SETTINGS: Final = "gpt4all.io"


def gpt4all_models(places: Places, effort: Effort) -> Iterator[ForeignModel]:
    """Yield the models of GPT4All that are whole."""
    for folder in dict.fromkeys(gpt4all_folders(places)):
        for model in models_below(folder, effort):
            if not model.name.startswith(_UNFINISHED):
                yield foreign(model, Origin.GPT4ALL, stem(model.name))


def gpt4all_folders(places: Places) -> Iterator[Path]:
    """Yield the folders of GPT4All, whether they are there or not; its chats are in them too."""
    organisation = _MAC_SETTINGS if places.system is System.MACOS else _NAME[0]
    text = read_text(places.config / organisation / _INI)
    for key in ("modelPath", "modelPaths"):
        chosen = places.folder(qt_value(text, key))
        if chosen is not None:
            yield chosen
    yield places.local_data.joinpath(*_NAME)
    yield places.home / ".cache" / "gpt4all"
