"""The only crossing from other threads, such as the engine's, to the window's.

Its methods are called from any thread; its signals arrive in the GUI thread, in order. Nothing
else in the window knows that there are threads.
"""

import itertools
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
    counted = Signal(int, object)
    """(ticket, tokens of each prompt, or LapisError, or None): see `Engine.count`"""

    _state_came = Signal(object)
    _event_came = Signal(int, object)
    _verdict_came = Signal(int, object)
    _count_came = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        """Live in the thread that makes it, which is the GUI thread."""
        super().__init__(parent)
        self._tickets = itertools.count(1)
        queued = Qt.ConnectionType.QueuedConnection
        self._state_came.connect(self.engine_changed, queued)
        self._event_came.connect(self.event_arrived, queued)
        self._verdict_came.connect(self.model_checked, queued)
        self._count_came.connect(self.counted, queued)

    def engine_observer(self, state: EngineState) -> None:
        """Take a state; to be given to `Engine.watch`."""
        self._state_came.emit(state)

    def tell_checked(self, ticket: int, error: LapisError | None) -> None:
        """Take why a model cannot be used; None when it can."""
        self._verdict_came.emit(ticket, error)

    def new_ticket(self) -> int:
        """Return a ticket that nobody else has."""
        return next(self._tickets)

    def count_listener(self, ticket: int) -> Callable[[tuple[int, ...] | LapisError | None], None]:
        """Return a listener for `Engine.count` whose counts arrive marked with `ticket`."""

        def take(counted: tuple[int, ...] | LapisError | None) -> None:
            self._count_came.emit(ticket, counted)

        return take

    def listener(self, ticket: int) -> Callable[[Event], None]:
        """Return a listener for `Engine.ask` whose events arrive marked with `ticket`."""

        def take(event: Event) -> None:
            self._event_came.emit(ticket, event)

        return take
