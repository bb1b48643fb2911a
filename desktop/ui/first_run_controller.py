"""Connects the first steps with the computer, the models, the downloads and the key. GUI thread.

The page is there with the window's first picture; what it shows comes once everything else is
loaded. Nothing is asked over the network before Get is pressed.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.ui.first_run import COMPUTER, KEY, MODEL, FirstRun
from desktop.ui.first_run_computer import FirstRunComputer
from desktop.ui.preferences import Preferences
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.domain.engine import EngineMemory
    from desktop.ui.first_run_key import FirstRunKey
    from desktop.ui.first_run_models import FirstRunModels
    from desktop.ui.key_desk import KeyDesk
    from desktop.ui.model_controller import ModelController
    from desktop.ui.models_desk import ModelsDesk
    from desktop.ui.update_desk import UpdateDesk

__all__ = ["FirstRunController"]


class FirstRunController(QObject):
    """Shown by itself to who is new here, later by wish; leaving it in any way is enough."""

    models_wanted = Signal()
    """All models are to be shown."""
    popup_wanted = Signal()
    """The quick question is to be shown."""

    def __init__(self, window: MainWindow, preferences: Preferences) -> None:
        """Show nothing yet."""
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._keys: KeyDesk | None = None
        self._updates: UpdateDesk | None = None
        self._view: FirstRun | None = None
        self._computer: FirstRunComputer | None = None
        self._key: FirstRunKey | None = None
        self._models: FirstRunModels | None = None
        self._connect_models: Callable[[], FirstRunModels | None] | None = None
        window.alone_left.connect(self._on_left)

    @property
    def is_open(self) -> bool:
        """Whether the first steps are on show."""
        return self._view is not None

    def open(self) -> None:
        """Show the first steps in place of everything else, from the beginning."""
        if self._view is not None:
            self._view.show_step(COMPUTER)
            return
        view, computer = FirstRun(), FirstRunComputer()
        self._view, self._computer = view, computer
        view.fill(COMPUTER, computer)
        view.skipped.connect(self._window.show_talk)
        view.finished.connect(self._window.show_talk)
        view.step_shown.connect(self._on_step_shown)
        view.titled.connect(self._window.show_page_title)
        self._window.show_alone(view, view.title)
        view.take_focus()
        self._fill()

    def attach(
        self,
        desk: "ModelsDesk",
        models: "ModelController",
        engine_memory: "Callable[[], EngineMemory | None]",
    ) -> None:
        """Know who has the models; what is on show is filled as soon as they are there."""

        def connect() -> "FirstRunModels | None":
            parts = desk.parts
            if parts is None:
                return None
            from desktop.ui.first_run_models import FirstRunModels

            found = FirstRunModels(
                self._window, self._preferences, desk, parts, models, engine_memory
            )
            found.all_wanted.connect(self.models_wanted)
            return found

        self._connect_models = connect
        desk.opened.connect(self._fill)
        self._fill()

    def attach_keys(self, keys: "KeyDesk") -> None:
        """Know who has the keys that work in any program."""
        self._keys = keys
        if self._key is not None:
            self._key.attach(keys)

    def attach_updates(self, updates: "UpdateDesk") -> None:
        """Know who can ask for new versions."""
        self._updates = updates
        if self._key is not None:
            updates.offer(self._key)

    def _fill(self) -> None:
        """Fill the steps on show, once there is what they need."""
        if self._view is None or self._computer is None or self._connect_models is None:
            return
        from desktop.ui.first_run_key import FirstRunKey

        if self._key is None:
            self._key = FirstRunKey()
            self._key.popup_wanted.connect(self.popup_wanted)
            if self._keys is not None:
                self._key.attach(self._keys)
            if self._updates is not None:
                self._updates.offer(self._key)
            self._view.fill(KEY, self._key)
        if self._models is None:
            self._models = self._connect_models()
        if self._models is not None and not self._models.is_open:
            self._view.fill(MODEL, self._models.open(self._view, self._computer))

    def _on_step_shown(self, step: int) -> None:
        if self._models is not None and step == MODEL:
            self._models.pick()

    def _on_left(self) -> None:
        if self._view is None:
            return
        self._view.deleteLater()
        self._view = self._computer = self._key = None
        if self._models is not None:
            self._models.end()
        self._preferences.set_welcomed()
