"""The only crossing from other threads, such as the engine's, to the window's.

Its methods are called from any thread; its signals arrive in the GUI thread, in order. Nothing
else in the window knows that there are threads.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from desktop.domain.chat import Event
from desktop.domain.engine import EngineState
from desktop.domain.errors import LapisError

__all__ = ["Bridge"]


class Bridge(QObject):
    """Carries engine states, answer events and verdicts over; connect to the public signals."""

    engine_changed = Signal(object)
    """(EngineState)"""
    event_arrived = Signal(int, object)
    """(ticket, Event)"""
    model_checked = Signal(int, object)
    """(ticket, LapisError or None)"""

    _state_came = Signal(object)
    _event_came = Signal(int, object)
    _verdict_came = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        """Live in the thread that makes it, which is the GUI thread."""
        super().__init__(parent)
        queued = Qt.ConnectionType.QueuedConnection
        self._state_came.connect(self.engine_changed, queued)
        self._event_came.connect(self.event_arrived, queued)
        self._verdict_came.connect(self.model_checked, queued)

    def engine_observer(self, state: EngineState) -> None:
        """Take a state; to be given to `Engine.watch`."""
        self._state_came.emit(state)

    def tell_checked(self, ticket: int, error: LapisError | None) -> None:
        """Take why a model cannot be used; None when it can."""
        self._verdict_came.emit(ticket, error)

    def listener(self, ticket: int) -> Callable[[Event], None]:
        """Return a listener for `Engine.ask` whose events arrive marked with `ticket`."""

        def take(event: Event) -> None:
            self._event_came.emit(ticket, event)

        return take
