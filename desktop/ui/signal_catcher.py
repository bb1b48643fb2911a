"""SIGTERM and Ctrl-C end Lapis like Quit does.

Qt's loop runs no Python code while nothing happens, so a signal writes into a socket that Qt
watches. GUI thread.
"""

import signal
import socket

from PySide6.QtCore import QObject, QSocketNotifier, Signal

__all__ = ["SignalCatcher"]


class SignalCatcher(QObject):
    """Takes the signals over from its making until `close`."""

    quit_asked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        """Only in the main thread."""
        super().__init__(parent)
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        self._notifier = QSocketNotifier(self._reading.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_activated)
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        self._earlier = {
            getattr(signal, name): signal.signal(getattr(signal, name), _ignore)
            for name in names
            if hasattr(signal, name)
        }
        self._earlier_wakeup = signal.set_wakeup_fd(self._writing.fileno())

    def close(self) -> None:
        """Give the signals back; idempotent."""
        if self._writing.fileno() == -1:
            return
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._earlier_wakeup)
        for number, handler in self._earlier.items():
            signal.signal(number, handler)
        self._reading.close()
        self._writing.close()

    def _on_activated(self) -> None:
        if self._reading.recv(16):
            self.quit_asked.emit()


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing: the number is in the socket already."""
