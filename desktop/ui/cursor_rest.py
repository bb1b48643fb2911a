"""Lets the text cursor stand still once nobody has typed for a while.

Each blink draws the field and all that lies under it anew, twice a second, for as long as a window
has the keyboard: all day, for one that is kept open. GUI thread.
"""

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

__all__ = ["CursorRest"]

_AFTER_MS = 10_000
_STILL = 0
_AS_THE_DESKTOP_SAYS = -1


class CursorRest(QObject):
    """Stills the cursors of all fields; typing, clicking or another field makes them blink again."""

    def __init__(self, app: QGuiApplication, parent: QObject, after_ms: int = _AFTER_MS) -> None:
        """Begin to count."""
        super().__init__(parent)
        self._hints = app.styleHints()
        self._timer = QTimer(self, singleShot=True, interval=after_ms)
        self._timer.timeout.connect(self._rest)
        # Every field tells the input method where its cursor is.
        app.inputMethod().cursorRectangleChanged.connect(self._wake)
        app.focusObjectChanged.connect(self._wake)
        self._timer.start()

    def close(self) -> None:
        """Leave the cursors as the desktop wants them; idempotent."""
        self._timer.stop()
        self._hints.setCursorFlashTime(_AS_THE_DESKTOP_SAYS)

    def _rest(self) -> None:
        self._hints.setCursorFlashTime(_STILL)

    def _wake(self) -> None:
        self._hints.setCursorFlashTime(_AS_THE_DESKTOP_SAYS)
        self._timer.start()
