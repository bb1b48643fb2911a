"""A window's picture, painted before the window is on the screen: then it comes up whole.

Under X11 several milliseconds pass until the window manager has placed a window; Qt would begin to
paint only after that. GUI thread.
"""

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QWindow
from PySide6.QtWidgets import QWidget

__all__ = ["PopupPicture"]


class PopupPicture(QObject):
    """Of one window, which has its handle already."""

    shown = Signal()
    """The window was hidden and is on the screen now, painted; comes in a turn of its own."""

    def __init__(self, window: QWidget) -> None:
        """Do nothing yet."""
        super().__init__(window)
        self._window = window
        self._is_awaited = False
        window.windowHandle().installEventFilter(self)

    def prepare(self) -> None:
        """Do in the hidden window what Qt does when it is shown for the first time.

        Styles, fonts, places and pictures are there afterwards. Nothing is to be seen.
        """
        window = self._window
        window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        window.show()
        window.repaint()
        window.hide()
        window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen, on=False)

    def await_it(self) -> None:
        """Tell when the window, about to be shown, is on the screen."""
        self._is_awaited = True

    def paint_ahead(self) -> None:
        """Paint the window, just shown, while the window manager is busy with it."""
        window = self._window
        # Elsewhere the system waits for nobody, or takes no picture before it asks for one.
        if QGuiApplication.platformName() == "xcb" and not window.windowHandle().isExposed():
            # Else Qt paints nothing before it is asked. It says the same itself a moment later.
            window.setAttribute(Qt.WidgetAttribute.WA_Mapped)
            for kind in (QEvent.Type.LayoutRequest, QEvent.Type.UpdateLater):
                # Of all its parts; they would have everything painted a second time.
                QCoreApplication.sendPostedEvents(None, kind)
            window.repaint()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hear that the system wants the picture: it has it when this turn ends."""
        is_exposure = event.type() == QEvent.Type.Expose and isinstance(watched, QWindow)
        if is_exposure and self._is_awaited and self._window.windowHandle().isExposed():
            self._is_awaited = False
            QTimer.singleShot(0, self, self.shown.emit)
        return False
