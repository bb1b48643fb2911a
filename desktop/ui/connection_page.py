"""The page with the settings of the connection, over the tabs. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.settings import LibrarySettings
from desktop.ui.connection_card import ConnectionCard
from desktop.ui.page_scroll import PageScroll
from desktop.ui.page_top import PageTop

__all__ = ["ConnectionPage"]

_WIDEST = 640


class ConnectionPage(QWidget):
    """A way back, a title, and the card."""

    back_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with what a fresh Lapis has."""
        super().__init__(parent)
        self.card = ConnectionCard(LibrarySettings())
        self._top = PageTop()
        self._scroll = PageScroll(_WIDEST)
        self._scroll.column.addWidget(self.card)
        self._scroll.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._top)
        column.addWidget(self._scroll, 1)
        self._top.back_requested.connect(self.back_requested)
        self._retranslate()

    def take_focus(self) -> None:
        """Let the keyboard begin at the way back."""
        self._top.take_focus()

    def scroll_to_top(self) -> None:
        """Show the beginning."""
        self._scroll.scroll_to_top()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _retranslate(self) -> None:
        self._top.show_title(self.tr("Connection"), own=True)
        self.setAccessibleName(self.tr("Connection"))
