"""How much memory the engine holds, looked at every few seconds while somebody may see it.

GUI thread; one look takes well under a millisecond.
"""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop.domain.engine import EngineMemory, EngineState, Phase

__all__ = ["MemoryWatch"]

_LOOK_MS = 3000


class MemoryWatch(QObject):
    """Looks only while `window` is on the screen and an engine runs."""

    changed = Signal(object)
    """(EngineMemory or None)"""

    def __init__(self, window: QWidget, look: Callable[[], EngineMemory | None]) -> None:
        """`look` measures and returns at once."""
        super().__init__(window)
        self._window = window
        self._look = look
        self._phase = Phase.IDLE
        self._last: EngineMemory | None = None
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._measure)
        window.installEventFilter(self)

    def set_engine(self, state: EngineState) -> None:
        """Begin or cease to look."""
        if state.phase is not self._phase:
            self._phase = state.phase
            self._measure()
            self._begin_or_cease()

    def close(self) -> None:
        """Cease to look; idempotent."""
        self._timer.stop()
        self._window.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow whether the window can be seen."""
        if event.type() in {QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.WindowStateChange}:
            self._begin_or_cease()
        return super().eventFilter(watched, event)

    def _begin_or_cease(self) -> None:
        has_engine = self._phase in {Phase.LOADING, Phase.READY}
        wanted = has_engine and self._window.isVisible() and not self._window.isMinimized()
        if wanted and not self._timer.isActive():
            self._measure()
            self._timer.start()
        elif not wanted:
            self._timer.stop()

    def _measure(self) -> None:
        memory = self._look()
        if memory != self._last:
            self._last = memory
            self.changed.emit(memory)
