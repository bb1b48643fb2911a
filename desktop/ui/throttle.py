"""Merges calls: the first one acts at once, later ones together a moment after.

Painting is what streaming costs, not tokens. GUI thread.
"""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

__all__ = ["Throttle"]

_SHARE = 1 / 16
_LONGEST_MS = 250
# How much the newest cost counts: a single slow picture makes nothing stutter.
_NEWEST = 0.4


class Throttle(QObject):
    """Runs `action` for any number of calls at most once in `interval_ms` milliseconds.

    What takes long, with the layout and painting that follow, makes its own pauses longer: it fills
    no more than a sixteenth of the thread. What counts is the time the thread was at work, not
    how long it waited for the screen.
    """

    def __init__(
        self, action: Callable[[], None], interval_ms: int, parent: QObject | None = None
    ) -> None:
        """Wait for the first call."""
        super().__init__(parent)
        self._action = action
        self._interval = interval_ms
        self._wanted = False
        self._worked = 0.0
        self._cost = 0.0
        self._rests = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timeout)

    def call(self) -> None:
        """Act now, or soon if it acted just before."""
        if self._timer.isActive():
            self._wanted = True
        else:
            self._act()

    def flush(self) -> None:
        """Act now if a call is waiting."""
        if self._wanted:
            self._act()

    def cancel(self) -> None:
        """Forget what is waiting."""
        self._wanted = self._rests = False
        self._timer.stop()

    def _on_timeout(self) -> None:
        if not self._rests:
            # What was painted meanwhile is known only now.
            cost = time.thread_time() - self._worked
            self._cost += (cost - self._cost) * _NEWEST
            rest = round(min(self._cost / _SHARE * 1000, _LONGEST_MS)) - self._interval
            if rest > 0:
                self._rests = True
                self._timer.start(rest)
                return
        self._rests = False
        if self._wanted:
            self._act()

    def _act(self) -> None:
        self._wanted = self._rests = False
        self._worked = time.thread_time()
        self._timer.start(self._interval)
        self._action()
