"""Keeps Python's garbage collector from holding up the window.

Its full round looks at every object there is and takes longer than a picture may. Most of them are
modules, classes and the window itself and never go: these are set aside. What comes and goes after
that is looked at in full only when the window has nothing to do.

Left to itself, it runs in whichever thread makes the next object, and what it finds ends there: a
timer or a widget that ends in another thread than its own can take the program along. So all of its
rounds are run here, in the GUI thread.
"""

import gc
import time

from PySide6.QtCore import QObject, QTimer

__all__ = ["collect_when_idle"]

_AFTER_MS = 3_000
_EVERY_MS = 10_000
_LOOK_MS = 1_000
# Seconds at the processor, of one look, that are still doing nothing.
_IDLE_SECONDS = 0.02
# Looks after which it is done all the same: a minute of work makes megabytes.
_MOST_LOOKS = 60
# Objects made and still there that are worth a round.
_MANY = 2_000


def collect_when_idle(owner: QObject, after_ms: int = _AFTER_MS) -> None:
    """Set aside, when the start is over, what was made until then; then collect in quiet moments.

    When `owner` goes, Python collects by itself again.
    """
    QTimer.singleShot(after_ms, owner, lambda: _Collector(owner))


class _Collector(QObject):
    """Does all rounds in Python's place."""

    def __init__(self, owner: QObject) -> None:
        super().__init__(owner)
        self._looks = 0
        self._worked = 0.0
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_timeout)
        gc.collect()
        gc.freeze()
        gc.disable()
        self.destroyed.connect(gc.enable)
        self._timer.start(_EVERY_MS)

    def _on_timeout(self) -> None:
        worked, self._worked = self._worked, time.thread_time()
        # Python goes on counting what is made.
        is_due = gc.get_count()[0] > _MANY
        if is_due:
            # Short: what is new alone.
            gc.collect(1)
        if self._looks == 0:
            self._looks = 1 if is_due else 0
        elif self._worked - worked < _IDLE_SECONDS or self._looks >= _MOST_LOOKS:
            gc.collect()
            self._looks = 0
        else:
            self._looks += 1
        self._timer.start(_LOOK_MS if self._looks else _EVERY_MS)
