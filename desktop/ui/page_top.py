"""The line above a page that was opened: the way back, and where one is. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.buttons import IconButton
from desktop.ui.labels import ElidedLabel
from desktop.ui.tokens import Space

__all__ = ["PageTop"]


class PageTop(QWidget):
    """Shows where Back leads to, or the page's own name once that is scrolled out of sight."""

    back_requested = Signal()

    def __init__(self) -> None:
        """Start without a name."""
        super().__init__()
        self._back = IconButton("arrow-left")
        self._title = ElidedLabel(size="title")
        row = QHBoxLayout()
        row.setContentsMargins(Space.L, Space.M, Space.L, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(self._back)
        row.addWidget(self._title, 1)
        line = QFrame()
        line.setProperty("panel", "line")
        line.setFixedHeight(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(line)
        self._back.clicked.connect(self.back_requested)
        self._retranslate()

    def show_title(self, title: str, *, own: bool) -> None:
        """Show `title`, which is the page's `own` name or that of the page before."""
        self._title.setText(title)
        self._title.set_tone("normal" if own else "muted")

    def take_focus(self) -> None:
        """Bring the focus to the way back."""
        self._back.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _retranslate(self) -> None:
        self._back.set_label(self.tr("Back (Esc)"))
