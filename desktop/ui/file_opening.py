"""Files that the desktop hands to the running program, as macOS does on a double click. GUI thread."""

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal
from PySide6.QtGui import QFileOpenEvent

__all__ = ["FileOpening"]


class FileOpening(QObject):
    """Watches the application for requests to open a file."""

    file_opened = Signal(str)
    """(path)"""

    def __init__(self, app: QCoreApplication, parent: QObject) -> None:
        """Begin to watch."""
        super().__init__(parent)
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the request; everything else goes its way."""
        if event.type() == QEvent.Type.FileOpen and isinstance(event, QFileOpenEvent):
            if event.file():
                self.file_opened.emit(event.file())
            return True
        return super().eventFilter(watched, event)
