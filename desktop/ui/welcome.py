"""The first steps for who is new here, and for whoever wants to see them again. GUI thread.

Nearly nobody sees them: what shows them is made when it is wanted.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.base.paths import Paths
from desktop.domain.engine import EngineMemory
from desktop.ui.preferences import Preferences
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.ui.first_run_controller import FirstRunController
    from desktop.ui.key_desk import KeyDesk
    from desktop.ui.model_controller import ModelController
    from desktop.ui.models_desk import ModelsDesk
    from desktop.ui.update_desk import UpdateDesk

__all__ = ["Welcome"]


class Welcome(QObject):
    """What the first steps need comes with the second part of the start, before or after `open`."""

    models_wanted = Signal()
    """All models are to be shown."""
    popup_wanted = Signal()
    """The quick question is to be shown."""

    def __init__(
        self, window: MainWindow, preferences: Preferences, paths: Paths, *, has_chats: bool
    ) -> None:
        """Show nothing yet; `has_chats` tells whether somebody has talked here before."""
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self.is_new = self._is_new(paths, has_chats=has_chats)
        self._steps: FirstRunController | None = None
        self._models: (
            tuple[ModelsDesk, ModelController, Callable[[], EngineMemory | None]] | None
        ) = None
        self._keys: KeyDesk | None = None
        self._updates: UpdateDesk | None = None

    def open(self) -> None:
        """Show the first steps in place of everything else."""
        if self._steps is None:
            from desktop.ui.first_run_controller import FirstRunController

            steps = self._steps = FirstRunController(self._window, self._preferences)
            steps.models_wanted.connect(self.models_wanted)
            steps.popup_wanted.connect(self.popup_wanted)
            if self._models is not None:
                steps.attach(*self._models)
            if self._keys is not None:
                steps.attach_keys(self._keys)
            if self._updates is not None:
                steps.attach_updates(self._updates)
        self._steps.open()

    def attach(
        self,
        desk: "ModelsDesk",
        models: "ModelController",
        engine_memory: Callable[[], EngineMemory | None],
    ) -> None:
        """Know who has the models; who was not new until now will never be."""
        self._models = (desk, models, engine_memory)
        if self._steps is not None:
            self._steps.attach(desk, models, engine_memory)
        if not self.is_new:
            self._preferences.set_welcomed()

    def attach_keys(self, keys: "KeyDesk") -> None:
        """Know who has the keys that work in any program."""
        self._keys = keys
        if self._steps is not None:
            self._steps.attach_keys(keys)

    def attach_updates(self, updates: "UpdateDesk") -> None:
        """Know who can ask for new versions."""
        self._updates = updates
        if self._steps is not None:
            self._steps.attach_updates(updates)

    def _is_new(self, paths: Paths, *, has_chats: bool) -> bool:
        if self._preferences.value.welcomed:
            return False
        from desktop.services.first_steps import is_new_here

        return is_new_here(
            self._preferences.value,
            paths,
            from_before=self._preferences.from_before_first_steps,
            has_chats=has_chats,
        )
