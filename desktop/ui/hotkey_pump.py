"""Lets a mechanism for keys do its work inside of Qt's event loop. GUI thread.

Its connection is watched, it is called again when it asks for that, and on Windows it is shown the
messages of the thread, among which are its keys.
"""

import math
import sys

from PySide6.QtCore import QAbstractNativeEventFilter, QCoreApplication, QObject, QTimer
from PySide6.QtCore import QSocketNotifier as Notifier

from desktop.system.hotkey.base import Mechanism, MessageTaker

__all__ = ["HotkeyPump", "WindowsMessages"]

_MESSAGES = frozenset({b"windows_generic_MSG", b"windows_dispatcher_MSG"})


class HotkeyPump(QObject):
    """Calls `pump` of one mechanism when there is something to do, and never otherwise."""

    def __init__(self, mechanism: Mechanism, parent: QObject | None = None) -> None:
        """Nothing is watched before `look`."""
        super().__init__(parent)
        self._mechanism = mechanism
        self._watched: int | None = None
        self._notifier: Notifier | None = None
        self._is_closed = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._pump)
        self._filter: WindowsMessages | None = None
        if sys.platform == "win32" and isinstance(mechanism, MessageTaker):
            self._filter = WindowsMessages(mechanism)
            QCoreApplication.eventDispatcher().installNativeEventFilter(self._filter)

    def look(self) -> None:
        """Watch the connection that there is now, and call `pump` in the next turn.

        To be called after each call of the mechanism: with its answer, events may have come that
        nothing else tells of.
        """
        if not self._is_closed:
            self._watch()
            self._timer.start(0)

    def close(self) -> None:
        """Watch nothing any more; idempotent. To be called before the mechanism is closed."""
        self._is_closed = True
        self._timer.stop()
        self._let_go()
        if self._filter is not None:
            QCoreApplication.eventDispatcher().removeNativeEventFilter(self._filter)
            self._filter = None

    def _pump(self) -> None:
        if self._is_closed:
            return
        # Whoever is called from within may run an event loop, or close all this.
        if self._notifier is not None:
            self._notifier.setEnabled(False)
        self._timer.stop()
        self._go_on(self._mechanism.pump())

    def _go_on(self, seconds: float | None) -> None:
        if self._is_closed:
            return
        self._watch()
        if self._notifier is not None:
            self._notifier.setEnabled(True)
        if seconds is not None:
            self._timer.start(math.ceil(seconds * 1000))

    def _watch(self) -> None:
        number = self._mechanism.fileno()
        if number == self._watched:
            return
        self._let_go()
        self._watched = number
        if number is not None:
            self._notifier = Notifier(number, Notifier.Type.Read, self)
            self._notifier.activated.connect(self._pump)

    def _let_go(self) -> None:
        notifier, self._notifier = self._notifier, None
        self._watched = None
        if notifier is not None:
            notifier.setEnabled(False)
            notifier.deleteLater()


class WindowsMessages(QAbstractNativeEventFilter):
    """Shows each message of the thread to a mechanism, at once.

    Whoever has just got the message of a key may come to the front; a turn later nobody may.
    """

    def __init__(self, taker: MessageTaker) -> None:
        """`taker` knows which are its own."""
        super().__init__()
        self._taker = taker

    def nativeEventFilter(self, kind: object, message: int) -> object:
        """Return whether the message was a key of ours."""
        if bytes(kind) in _MESSAGES:  # type: ignore[call-overload]
            return self._taker.take(int(message)), 0
        return False, 0
