"""Asks where something is to be written, and in which format. Not modal. GUI thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

__all__ = ["FileTarget", "Kind", "chosen", "documents_folder"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A format: how the dialog names it, the `ending` of its files, and what it stands for."""

    words: str
    ending: str
    means: Any


def documents_folder() -> str:
    """Return where people keep their documents, or their home where there is no such folder.

    A dialog takes a folder that is not there for the name of a file.
    """
    place = QStandardPaths.StandardLocation
    found = QStandardPaths.standardLocations(place.DocumentsLocation)
    found += QStandardPaths.standardLocations(place.HomeLocation)
    return next((folder for folder in found if Path(folder).is_dir()), "")


class FileTarget(QObject):
    """Remembers folder and kind from one time to the next."""

    def __init__(self, window: QWidget) -> None:
        """Begin where people keep their documents."""
        super().__init__(window)
        self._window = window
        self._folder = documents_folder()
        self._last = ""

    def ask(
        self,
        title: str,
        name: str,
        kinds: Sequence[Kind],
        then: Callable[[Path, Any], None],
    ) -> None:
        """Let the person choose; `then` gets the file and what its kind stands for."""
        first = next((kind for kind in kinds if kind.words == self._last), kinds[0])
        dialog = QFileDialog(self._window, title, self._folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([kind.words for kind in kinds])
        dialog.selectNameFilter(first.words)
        dialog.setDefaultSuffix(first.ending.lstrip("."))
        dialog.selectFile(f"{name}{first.ending}")

        def follow(words: str) -> None:
            kind = next((each for each in kinds if each.words == words), first)
            dialog.setDefaultSuffix(kind.ending.lstrip("."))
            for file in dialog.selectedFiles()[:1]:
                stem = _without_ending(Path(file).name, kinds)
                dialog.selectFile(f"{stem}{kind.ending}")

        def take(file: str) -> None:
            words = dialog.selectedNameFilter()
            wanted = next((each for each in kinds if each.words == words), first)
            path, kind = chosen(Path(file), wanted, first, kinds)
            self._folder, self._last = str(path.parent), kind.words
            then(path, kind.means)

        dialog.filterSelected.connect(follow)
        dialog.fileSelected.connect(take)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def chosen(path: Path, wanted: Kind, offered: Kind, kinds: Sequence[Kind]) -> tuple[Path, Kind]:
    """Return where to write and as what, from a name and a kind that may contradict each other.

    A person who chose another kind than was `offered` meant it; else what was typed counts. A file
    that nobody was asked about is never written over.
    """
    ending = path.suffix.lower()
    if ending == wanted.ending:
        return path, wanted
    if wanted is offered:
        typed = next((kind for kind in kinds if kind.ending == ending), None)
        if typed is not None:
            return path, typed
    stem = _without_ending(path.name, kinds)
    target = path.with_name(f"{stem}{wanted.ending}")
    number = 2
    while target.exists():
        target = path.with_name(f"{stem} ({number}){wanted.ending}")
        number += 1
    return target, wanted


def _without_ending(name: str, kinds: Sequence[Kind]) -> str:
    ending = next((kind.ending for kind in kinds if name.lower().endswith(kind.ending)), "")
    return name[: len(name) - len(ending)] if ending and len(name) > len(ending) else name
