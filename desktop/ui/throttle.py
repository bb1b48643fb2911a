"""Merges calls: the first one acts at once, later ones together a moment after.

Painting is what streaming costs, not tokens. GUI thread.
"""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

__all__ = ["Throttle"]

_PAUSE_SHARE = 12
_LONGEST_MS = 250


class Throttle(QObject):
    """Runs `action` for any number of calls at most once in `interval_ms` milliseconds.

    What takes long, with the layout and painting that follow, makes its own pauses longer: it fills
    no more than a twelfth of the thread.
    """

    def __init__(
        self, action: Callable[[], None], interval_ms: int, parent: QObject | None = None
    ) -> None:
        """Wait for the first call."""
        super().__init__(parent)
        self._action = action
        self._interval = interval_ms
        self._wanted = False
        self._begun: float | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timeout)

    def call(self) -> None:
        """Act now, or soon if it acted just before."""
        if self._timer.isActive() or self._begun is not None:
            self._wanted = True
        else:
            self._act()

    def flush(self) -> None:
        """Act now if a call is waiting."""
        if self._wanted:
            self._act()

    def cancel(self) -> None:
        """Forget what is waiting."""
        self._wanted = False
        self._begun = None
        self._timer.stop()

    def _on_timeout(self) -> None:
        if self._wanted:
            self._act()

    def _act(self) -> None:
        self._wanted = False
        self._timer.stop()
        self._begun = time.perf_counter()
        self._action()
        # The loop comes back to this after what was asked for has been laid out and painted.
        QTimer.singleShot(0, self, self._on_painted)

    def _on_painted(self) -> None:
        if self._begun is None:
            return
        taken = (time.perf_counter() - self._begun) * 1000
        self._begun = None
        pause = max(self._interval, round(taken * _PAUSE_SHARE))
        self._timer.start(min(pause, max(self._interval, _LONGEST_MS)))
