"""A button that copies and says that it did. GUI thread."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from desktop.ui.buttons import IconButton

__all__ = ["CopyButton"]

_SHOWN_MS = 1500


class CopyButton(IconButton):
    """The owner connects `clicked` and calls `copy`, which shows a tick for a moment."""

    def __init__(self, label: str = "", *, side: int = 28, parent: QWidget | None = None) -> None:
        """Show the copy icon; `label` names what is copied."""
        super().__init__("copy", label, side=side, parent=parent)
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.setInterval(_SHOWN_MS)
        self._back.timeout.connect(self._on_shown)

    def copy(self, text: str) -> None:
        """Put `text` into the clipboard, exactly."""
        QGuiApplication.clipboard().setText(text)
        self.show_done()

    def show_done(self) -> None:
        """Show the tick: something was copied."""
        self.set_icon("check")
        self._back.start()

    def _on_shown(self) -> None:
        self.set_icon("copy")
