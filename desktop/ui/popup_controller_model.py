"""Which model answers quick questions: the one chosen for them, else the one that is loaded.

GUI thread.
"""

from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.ui.engine_words import model_title, state_words
from desktop.ui.popup import Popup
from desktop.ui.popup_controller import PopupController
from desktop.ui.preferences import Preferences

__all__ = ["KnowsModels", "PopupModels"]


class KnowsModels(Protocol):
    """The part of `ModelController` that knows models."""

    state_changed: SignalInstance

    @property
    def state(self) -> EngineState:
        """Return the engine as last heard of."""
        ...

    @property
    def general(self) -> InstalledModel | None:
        """Return the model of chats that have none of their own."""
        ...

    def load_anyway(self) -> None:
        """Load what was refused for want of memory all the same."""
        ...

    def models(self) -> list[InstalledModel]:
        """Return the models that there are."""
        ...

    def find(self, name: str) -> InstalledModel:
        """Return the model of that name or path; raises LapisError."""
        ...

    def name_of(self, model: InstalledModel) -> str:
        """Return what `find` finds it by."""
        ...

    def sees(self, model: InstalledModel | None) -> bool | None:
        """Return whether `model` takes pictures, at once; None where nobody knows."""
        ...


class PopupModels(QObject):
    """Keeps the choice in the settings."""

    more_requested = Signal()
    """All models are to be shown."""

    def __init__(
        self, popup: Popup, popups: PopupController, models: KnowsModels, preferences: Preferences
    ) -> None:
        """Let `popups` ask the model that the settings name."""
        super().__init__(popups)
        self._popup = popup
        self._popups = popups
        self._models = models
        self._preferences = preferences
        popups.set_model(self.name)
        popups.set_sees(models.sees)
        popup.composer.other_model_wanted.connect(popup.model.showMenu)
        popup.model.about_to_fill.connect(self._fill)
        popup.model.chosen.connect(self._on_chosen)
        popups.load_anyway_wanted.connect(models.load_anyway)
        popup.model.more_requested.connect(self._on_more_requested)
        models.state_changed.connect(self._on_state_changed)
        self._on_state_changed(models.state)

    def name(self) -> str | None:
        """Return the name of the model for a new conversation; None for the usual one."""
        chosen = self._preferences.value.popup.model
        if chosen:
            return chosen
        loaded = self._loaded()
        if loaded is None or loaded == self._models.general:
            return None
        # A chat has it in memory just now: whoever is in a hurry takes it as it is.
        return self._models.name_of(loaded)

    def _loaded(self) -> InstalledModel | None:
        state = self._models.state
        if state.phase is not Phase.READY or (state.loaded is not None and state.loaded.embeds):
            return None
        return state.model

    def _fill(self) -> None:
        models = self._models.models()
        name = self._preferences.value.popup.model
        chosen = None
        if name:
            try:
                chosen = self._models.find(name)
            except LapisError:
                # It is gone: none of those that are here is marked.
                chosen = None
        loaded = self._loaded() or self._models.general
        self._popup.model.set_models(models, chosen, "" if loaded is None else model_title(loaded))

    def _on_chosen(self, model: InstalledModel | None) -> None:
        name = "" if model is None else self._models.name_of(model)
        self._preferences.change(lambda now: replace(now, popup=replace(now.popup, model=name)))
        self._popups.model_changed()

    def _on_more_requested(self) -> None:
        self._popup.hide()
        self.more_requested.emit()

    def _on_state_changed(self, state: EngineState) -> None:
        self._popups.set_engine(state)
        is_worth_it = state.phase in {Phase.LOADING, Phase.FAILED}
        self._popup.foot.set_state(state_words(state)[0] if is_worth_it else "")
