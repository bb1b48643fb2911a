"""Whether the chosen model is asked with the chat template in its own file. GUI thread."""

from PySide6.QtCore import QObject, Signal

from desktop.domain.engine import EngineState
from desktop.services.manner import template_for
from desktop.ui.bridge import Bridge
from desktop.ui.own_settings import OwnSettings

__all__ = ["OwnTemplate"]


class OwnTemplate(QObject):
    """Follows the engine's model, and what is set for it."""

    changed = Signal(str)
    """(see `name`)"""

    def __init__(self, own: OwnSettings, bridge: Bridge, parent: QObject) -> None:
        """Start without a model."""
        super().__init__(parent)
        self._own = own
        self._state = EngineState()
        self._name = ""
        bridge.engine_changed.connect(self.show)
        own.changed.connect(self.look_again)

    @property
    def name(self) -> str:
        """The name of the model if it is asked with the template in its file, or empty."""
        return self._name

    def show(self, state: EngineState) -> None:
        """Follow the model of `state`."""
        self._state = state
        self.look_again()

    def look_again(self) -> None:
        """Look at what is set for the model: it may have been set elsewhere since."""
        model = self._state.model
        name = model.name if model is not None and not template_for(self._own.of(model)) else ""
        if name != self._name:
            self._name = name
            self.changed.emit(name)
