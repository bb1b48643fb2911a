"""Whether a window has the keyboard, also where Qt has lost sight of it. GUI thread.

A window that is hidden ceases to be active at once, but under X11 Qt takes the keyboard from it only
a tenth of a second later. Shown again and focused within that time it has the keyboard, and no event
follows that would make it active again (`QXcbWindow::doFocusIn`, `QWidgetPrivate::hide_helper`).
"""

import warnings

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

__all__ = ["PopupFocus"]

# Past the tenth of a second: what Qt believes then is so.
_LOOK_MS = 150


class PopupFocus(QObject):
    """Of one window; `look_soon` is to be called whenever it is shown."""

    def __init__(self, window: QWidget) -> None:
        """Only ask until then."""
        super().__init__(window)
        self._window = window
        self._look = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._look.timeout.connect(self._on_look)

    @property
    def has_keyboard(self) -> bool:
        """Whether keys go to the window."""
        window = self._window
        return window.isVisible() and (window.isActiveWindow() or self._is_overlooked())

    def look_soon(self) -> None:
        """Make the window active in a moment, if it has the keyboard and Qt has not noticed."""
        self._look.start()

    def _is_overlooked(self) -> bool:
        if QApplication.activeWindow() is not None:
            return False
        return QGuiApplication.focusWindow() is self._window.windowHandle()

    def _on_look(self) -> None:
        if self._window.isVisible() and self._is_overlooked():
            with warnings.catch_warnings():
                # Not recommended, because windows are activated by asking the system. It has done
                # its part here.
                warnings.simplefilter("ignore", DeprecationWarning)
                QApplication.setActiveWindow(self._window)
