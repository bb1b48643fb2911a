"""A page over a page: a way back, a title, and one card in a calm column. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.text import Text
from desktop.ui.buttons import IconButton
from desktop.ui.escape import claims_escape
from desktop.ui.labels import ElidedLabel
from desktop.ui.page_scroll import PageScroll
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["Sheet"]

_WIDEST = 640


class Sheet(QWidget):
    """Holds one widget at a time; Esc goes back as the arrow does."""

    left = Signal()

    def __init__(self) -> None:
        """Start without a card."""
        super().__init__()
        self._card: QWidget | None = None
        self._words: Text | None = None
        self._back = IconButton("arrow-left")
        self._title = ElidedLabel(size="title")
        self._scroll = PageScroll(_WIDEST)
        self._scroll.column.addStretch(1)
        top = QHBoxLayout()
        top.setContentsMargins(Space.L, Space.S, Space.XL, 0)
        top.setSpacing(Space.S)
        top.addWidget(self._back)
        top.addWidget(self._title, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(top)
        whole.addWidget(self._scroll, 1)
        self._back.clicked.connect(self.left)
        self._retranslate()

    @property
    def card(self) -> QWidget | None:
        """What is shown."""
        return self._card

    def show_card(self, title: Text, card: QWidget) -> None:
        """Show `card` under `title`, in place of the one before; it now belongs to the sheet."""
        self.drop_card()
        self._card = card
        self._scroll.column.insertWidget(0, card)
        self._words = title
        self._title.setText(say(title))
        self._scroll.scroll_to_top()

    def drop_card(self) -> None:
        """Let the card go."""
        if self._card is not None:
            self._card.hide()
            self._scroll.column.removeWidget(self._card)
            self._card.deleteLater()
            self._card = None

    def take_focus(self) -> None:
        """Let the keyboard begin at the way back."""
        self._back.setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _retranslate(self) -> None:
        self._back.set_label(self.tr("Back to the list (Esc)"))
        self._title.setText(say(self._words) if self._words is not None else "")
