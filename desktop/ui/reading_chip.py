"""A document that is being read, as a chip beside those that go along already. GUI thread."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from desktop.domain.text import Text, printable
from desktop.ui.buttons import IconButton
from desktop.ui.icons import icon
from desktop.ui.labels import ElidedLabel
from desktop.ui.tokens import Space
from desktop.ui.translation import listed, say

__all__ = ["ReadingChip"]

_ICON = 16
_WIDEST = 320


class ReadingChip(QFrame):
    """Its name and how far the reading is; Delete stops it."""

    stopped = Signal()

    def __init__(self, name: str, hundredths: int, height: int, parent: QWidget) -> None:
        """Show the file `name` in a chip `height` pixels high."""
        super().__init__(parent)
        self._name = printable(name)
        self.setProperty("panel", "code")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMaximumWidth(_WIDEST)
        self.setFixedHeight(height)
        mark = QLabel()
        mark.setPixmap(icon("file", QPalette.ColorRole.PlaceholderText).pixmap(_ICON, _ICON))
        self._far = ElidedLabel("", tone="muted", size="small")
        close = IconButton("close", self.tr("Stop reading"), side=height - 2 * Space.XS)
        close.clicked.connect(self.stopped)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, 0, Space.XS, 0)
        row.setSpacing(Space.S)
        row.addWidget(mark)
        row.addWidget(ElidedLabel(self._name, size="small"), 1)
        row.addWidget(self._far)
        row.addWidget(close)
        self.show_progress(hundredths)

    def show_progress(self, hundredths: int) -> None:
        """Say how much of it is read."""
        words = say(Text("reading, {percent} %", {"percent": hundredths}))
        self._far.setText(words)
        self.setAccessibleName(listed((self._name, words)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            self.stopped.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        # Else the popup would take it for the beginning of a move.
        event.accept()
