"""The head of a page beside the list of chats: its name, and the way back. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui.buttons import IconButton
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space

__all__ = ["PageHead"]


class PageHead(QWidget):
    """Models, settings, personas and prompts: each has one of these on top."""

    closed = Signal()
    """Back to the chat."""
    sidebar_requested = Signal()

    def __init__(self, beside: QWidget | None = None, parent: QWidget | None = None) -> None:
        """Start without a name; `beside` stands before the button that closes."""
        super().__init__(parent)
        self._title = PlainLabel(size="large")
        self._sidebar = IconButton("sidebar")
        self._close = IconButton("close")
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, Space.M, Space.M, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._sidebar)
        row.addWidget(self._title, 1)
        if beside is not None:
            row.addWidget(beside)
        row.addWidget(self._close)
        self.show_sidebar_button(visible=False)
        self._close.clicked.connect(self.closed)
        self._sidebar.clicked.connect(self.sidebar_requested)
        self._retranslate()

    def set_title(self, title: str) -> None:
        """Name the page."""
        self._title.setText(title)

    def show_sidebar_button(self, *, visible: bool) -> None:
        """Offer to bring the list of chats back."""
        self._sidebar.setVisible(visible)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _retranslate(self) -> None:
        self._close.set_label(self.tr("Back to the chat (Esc)"))
        self._sidebar.set_label(self.tr("Show the list of chats (Ctrl+\\)"))
