"""What the Models page knows: catalogue, this computer, what suits it, what is here. GUI thread."""

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from desktop.base.translation import system_language
from desktop.domain.advice import Computer, ModelAdvice
from desktop.domain.catalogue import ListedModel
from desktop.domain.errors import LapisError
from desktop.domain.repository import Repository
from desktop.domain.settings import Language, LibrarySettings
from desktop.domain.shelf import ShelfEntry
from desktop.models.catalogue import Catalogue
from desktop.services.model_manager import ModelManager
from desktop.services.recommendation import advise, best_for, this_computer
from desktop.ui.discover_feed import Here
from desktop.ui.downloads_controller import DownloadsController
from desktop.ui.errands import Errand, Errands
from desktop.ui.preferences import Preferences

__all__ = ["KnownModels"]

_Reckoned = tuple[Catalogue, Computer, dict[str, ModelAdvice], tuple[str, ...]]


class KnownModels(QObject):
    """One picture for the tabs, and a signal when it is another one.

    `catalogue` is None before it is read; `picks` are ids of the models that suit this computer
    best, the best first.
    """

    changed = Signal()
    """The catalogue, what suits this computer, or what was accepted."""
    here_changed = Signal()
    """What is installed or on its way; a few times a second while something moves."""
    failed = Signal(object)
    """(LapisError): the catalogue cannot be read."""

    def __init__(
        self,
        manager: ModelManager,
        downloads: DownloadsController,
        errands: Errands,
        preferences: Preferences,
        parent: QObject,
    ) -> None:
        """Know nothing of the catalogue yet; `read` brings it."""
        super().__init__(parent)
        self._manager = manager
        self._downloads = downloads
        self._errands = errands
        self._preferences = preferences
        self._computer: Computer | None = None
        self._entries: tuple[ShelfEntry, ...] = ()
        self._advice: dict[str, ModelAdvice] = {}
        self.catalogue: Catalogue | None = None
        self.picks: tuple[str, ...] = ()
        downloads.changed.connect(lambda _downloads: self.here_changed.emit())

    @property
    def models(self) -> tuple[ListedModel, ...]:
        """The catalogue's models, none before it is read."""
        return self.catalogue.models if self.catalogue is not None else ()

    @property
    def here(self) -> Here:
        """What is installed and what is on its way."""
        return Here(self._downloads.downloads, self._entries)

    @property
    def language(self) -> str:
        """The code of the language that the catalogue's own words are wanted in."""
        language = self._preferences.value.language
        return (system_language() if language is Language.SYSTEM else language).value

    @property
    def accepted(self) -> frozenset[str]:
        """Licences whose terms were accepted."""
        return frozenset(self._preferences.value.library.accepted_licences)

    def find(self, name: str) -> ListedModel | None:
        """Return the model of the catalogue with that id."""
        return next((each for each in self.models if each.id == name), None)

    def search(self, words: str) -> tuple[str, ...]:
        """Return the models of the catalogue (ids) that `words` describe, the best match first."""
        found = self.catalogue.search(words) if self.catalogue is not None else ()
        return tuple(each.id for each in found)

    def of_repository(self, name: str) -> ListedModel | None:
        """Return the model of the catalogue that a repository hands out."""
        return None if self.catalogue is None else self.catalogue.for_repository(name)

    def advice(self, model: ListedModel) -> ModelAdvice | None:
        """Return what suits this computer of a model of the catalogue, once that is known."""
        return self._advice.get(model.id)

    def advise(self, subject: ListedModel | Repository, context: int = 0) -> ModelAdvice:
        """Reckon what suits this computer for `context` tokens; takes a few ms. Any thread."""
        computer = self._computer or this_computer()
        engine = self._preferences.value.engine
        return advise(subject, computer, self._manager.catalogue, engine, context)

    def read(self) -> None:
        """Read the catalogue, and reckon anew what suits this computer as it is now."""
        self._errands.run("catalogue", self._reckon, self._on_reckoned, self._on_failed)

    def set_entries(self, entries: tuple[ShelfEntry, ...]) -> None:
        """Know what is installed."""
        self._entries = entries
        self.here_changed.emit()

    def accept(self, licence: str) -> None:
        """Remember that the terms of `licence` were accepted."""
        library = self._preferences.value.library
        if licence not in library.accepted_licences:
            self.set_library(
                replace(library, accepted_licences=(*library.accepted_licences, licence))
            )
            self.changed.emit()

    def set_library(self, library: LibrarySettings) -> None:
        """Keep other settings of the library."""
        self._preferences.set(replace(self._preferences.value, library=library))

    def _reckon(self, _errand: Errand) -> _Reckoned:
        """Return catalogue, computer, advice, and what to show first; in an errand's thread."""
        catalogue, computer = self._manager.catalogue, this_computer()
        engine = self._preferences.value.engine
        advice = {each.id: advise(each, computer, catalogue, engine) for each in catalogue.models}
        picks = tuple(each.id for each in best_for(computer, catalogue, engine))
        return catalogue, computer, advice, picks

    def _on_reckoned(self, found: _Reckoned) -> None:
        self.catalogue, self._computer, self._advice, self.picks = found
        self.changed.emit()

    def _on_failed(self, error: LapisError) -> None:
        self.failed.emit(error)
