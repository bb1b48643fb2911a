"""What the Models page knows: catalogue, this computer, what suits it, what is here. GUI thread."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from desktop.base.translation import spoken
from desktop.domain.advice import Computer, ModelAdvice, Placed
from desktop.domain.catalogue import ListedModel
from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.domain.errors import LapisError
from desktop.domain.footprint import Footprint
from desktop.domain.model import DEFAULT_CONTEXT, KvType
from desktop.domain.repository import Repository
from desktop.domain.settings import EngineSettings, LibrarySettings, Settings
from desktop.domain.shelf import ShelfEntry
from desktop.models.catalogue import Catalogue
from desktop.services.advice_computer import this_computer
from desktop.services.advice_places import verdict
from desktop.services.model_manager import ModelManager
from desktop.services.ranking import best_for
from desktop.services.recommendation import advise
from desktop.ui.discover_feed import Here
from desktop.ui.downloads_controller import DownloadsController
from desktop.ui.errands import Errand, Errands
from desktop.ui.preferences import Preferences

__all__ = ["KnownModels"]


@dataclass(frozen=True, slots=True)
class _Reckoned:
    catalogue: Catalogue
    computer: Computer
    advice: dict[str, ModelAdvice]
    picks: tuple[str, ...]


class KnownModels(QObject):
    """One picture for the tabs, and a signal when it is another one.

    `catalogue` and `computer` are None before they are read; `picks` are ids of the models that
    suit this computer best, the best first. `chosen_context` is what lists are reckoned for in
    tokens, 0 for the usual context.
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
        held: Callable[[], EngineMemory | None] = lambda: None,
    ) -> None:
        """Know nothing of the catalogue yet; `read` brings it.

        `held` returns at once what the model in memory would give back.
        """
        super().__init__(parent)
        self._manager = manager
        self._downloads = downloads
        self._errands = errands
        self._preferences = preferences
        self._held = held
        self._engine = preferences.value.engine
        self.chosen_context = 0
        self._is_reckoning = self._is_outdated = False
        self._loaded: object = None
        self._has_asked = self._is_asking = False
        self._entries: tuple[ShelfEntry, ...] = ()
        self._advice: dict[str, ModelAdvice] = {}
        self.computer: Computer | None = None
        self.catalogue: Catalogue | None = None
        self.picks: tuple[str, ...] = ()
        downloads.changed.connect(lambda _downloads: self.here_changed.emit())
        preferences.changed.connect(self._on_settings_changed)

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
        return spoken(self._preferences.value.language).value

    @property
    def accepted(self) -> frozenset[str]:
        """Licences whose terms were accepted."""
        return frozenset(self._preferences.value.library.accepted_licences)

    @property
    def engine(self) -> EngineSettings:
        """How models are loaded, as the settings have it."""
        return self._preferences.value.engine

    @property
    def context(self) -> int:
        """The context in tokens that lists are reckoned for."""
        return self.chosen_context or self.engine.n_ctx or DEFAULT_CONTEXT

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

    def advise(
        self,
        subject: ListedModel | Repository,
        context: int = 0,
        exact: Mapping[str, Footprint] | None = None,
    ) -> ModelAdvice:
        """Reckon what suits this computer for `context` tokens; takes a few ms. Any thread.

        `exact` has what was measured, by the names of a repository's models.
        """
        computer = self.computer or self._look()
        return advise(subject, computer, self._manager.catalogue, self.engine, context, exact)

    def placed(self, footprint: Footprint) -> Placed:
        """Return where a model with that footprint would run, and whether it fits. Any thread."""
        return verdict(footprint, self.computer or self._look(), self.engine)

    def read(self) -> None:
        """Read the catalogue, and reckon anew what suits this computer as it is now.

        The first time the engine is asked what it can compute with, and memory is timed, which
        takes seconds, and everything is reckoned once more when that is known. What was too busy
        to be timed is timed the next time.
        """
        self._reckon_soon()
        if self._is_asking or (self._has_asked and self._manager.devices.bandwidth() is not None):
            return
        self._has_asked = self._is_asking = True
        self._errands.run("devices", self._ask, self._on_answered, self._on_not_answered)

    def set_context(self, context: int) -> None:
        """Reckon lists for `context` tokens from now on."""
        if context != self.context:
            self.chosen_context = context
            self._reckon_soon()

    def set_engine(self, state: EngineState) -> None:
        """Reckon again where a model came into memory, or left it."""
        loaded = state.loaded if state.phase is Phase.READY else None
        if loaded is not self._loaded:
            self._loaded = loaded
            self._reckon_soon()

    def set_kv_type(self, kv_type: KvType) -> None:
        """Let all models keep conversations so, from the next time they are loaded."""
        engine = replace(self.engine, kv_type=kv_type)
        self._preferences.set(replace(self._preferences.value, engine=engine))

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

    def _reckon_soon(self) -> None:
        """Reckon anew, once more after what is being reckoned."""
        if self._is_reckoning:
            # Whoever drags a slider is not to wait until it stands still.
            self._is_outdated = True
        else:
            self._is_reckoning = True
            self._errands.run("catalogue", self._reckon, self._on_reckoned, self._on_failed)

    def _on_answered(self, _none: None) -> None:
        self._is_asking = False
        self._reckon_soon()

    def _on_not_answered(self, error: LapisError) -> None:
        self._is_asking = False
        self.failed.emit(error)

    def _ask(self, _errand: Errand) -> None:
        """Find out what computes here, and how fast; in an errand's thread."""
        self._manager.devices.find()
        self._manager.devices.find_bandwidth()

    def _reckon(self, _errand: Errand) -> _Reckoned:
        """Return catalogue, computer, advice, and what to show first; in an errand's thread."""
        catalogue, computer, engine = self._manager.catalogue, self._look(), self.engine
        advice = {
            each.id: advise(each, computer, catalogue, engine, self.chosen_context)
            for each in catalogue.models
        }
        picks = tuple(each.id for each in best_for(computer, catalogue, engine))
        return _Reckoned(catalogue, computer, advice, picks)

    def _look(self) -> Computer:
        """Return the computer as it is now."""
        manager = self._manager
        return this_computer(manager.devices, manager.records, self._held())

    def _on_reckoned(self, found: _Reckoned) -> None:
        self._is_reckoning = False
        self.catalogue, self.computer = found.catalogue, found.computer
        self._advice, self.picks = found.advice, found.picks
        self.changed.emit()
        if self._is_outdated:
            self._is_outdated = False
            self._reckon_soon()

    def _on_settings_changed(self, settings: Settings) -> None:
        if settings.engine != self._engine:
            self._engine = settings.engine
            self._reckon_soon()

    def _on_failed(self, error: LapisError) -> None:
        self._is_reckoning = False
        self.failed.emit(error)
