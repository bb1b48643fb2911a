"""What was found in the chats, in the place of their list. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.history import Hit
from desktop.ui.chat_hit_delegate import ChatHitDelegate
from desktop.ui.chat_hits import ChatHits, FoundChat, FoundPlace
from desktop.ui.escape import claims_escape
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.tokens import Space

__all__ = ["ChatResults"]


class ChatResults(QWidget):
    """The places as a list; or, where there are none, what can be done."""

    hit_chosen = Signal(int, object, str)
    """(chat, message or None, words)"""
    left_upwards = Signal()
    """The up key on the first line: back to the field."""
    letter_typed = Signal(object)
    """(QKeyEvent): it belongs into the field."""
    left = Signal()
    """No more searching."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without results."""
        super().__init__(parent)
        self._words = ""
        self._model = ChatHits()
        self.list = _HitView(self._model, self)
        self._nothing = PlainLabel(wrap=True)
        self._advice = PlainLabel(tone="muted", size="small", wrap=True)
        self._all = LinkButton()
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(0, 0, 0, 0)
        self._pages.addWidget(self.list)
        self._pages.addWidget(self._empty_page())
        self.list.chosen.connect(self._on_chosen)
        self.list.clicked.connect(self._on_chosen)
        self.list.left_upwards.connect(self.left_upwards)
        self.list.letter_typed.connect(self.letter_typed)
        self.list.left.connect(self.left)
        self._all.clicked.connect(self.left)
        self._retranslate()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not self._model.rows

    def show_hits(self, words: str, hits: Sequence[Hit]) -> None:
        """Show where `words` were found; the first place is marked."""
        self._words = words
        self._model.set_hits(hits)
        self._pages.setCurrentIndex(0 if hits else 1)
        self.list.setCurrentIndex(self._model.first())
        self.list.scrollToTop()
        self._retranslate()

    def choose(self) -> None:
        """Choose the marked line."""
        self._on_chosen(self.list.currentIndex())

    def walk_in(self) -> None:
        """Take the keyboard from the field above; the line after the marked one is next."""
        if not self.is_empty:
            self.list.setFocus(Qt.FocusReason.TabFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._model.retranslate()
            self._retranslate()

    def _empty_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.S)
        column.addWidget(self._nothing)
        column.addWidget(self._advice)
        column.addWidget(self._all)
        column.addStretch(1)
        return page

    def _on_chosen(self, index: QModelIndex) -> None:
        match self._model.row(index):
            case FoundChat(chat, _, _, _):
                self.hit_chosen.emit(chat, None, self._words)
            case FoundPlace(hit):
                self.hit_chosen.emit(hit.chat, hit.message, self._words)
            case None:
                pass

    def _retranslate(self) -> None:
        self.list.setAccessibleName(self.tr("What was found"))
        self._nothing.setText(self.tr("Nothing found for “{words}”").format(words=self._words))
        self._advice.setText(self.tr("Fewer words, or only the beginning of one, find more."))
        self._all.setText(self.tr("Show all chats"))


class _HitView(QListView):
    """Enter chooses, Esc leaves, the up key leaves at the top; letters go back to the field."""

    chosen = Signal(QModelIndex)
    left_upwards = Signal()
    letter_typed = Signal(object)
    left = Signal()

    def __init__(self, model: ChatHits, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(ChatHitDelegate(self))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setTabKeyNavigation(False)

    def event(self, event: QEvent) -> bool:
        """Esc is for the search while one is in it."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.chosen.emit(self.currentIndex())
            case Qt.Key.Key_Escape:
                self.left.emit()
            case Qt.Key.Key_Up if self.currentIndex().row() <= 0:
                self.left_upwards.emit()
            case Qt.Key.Key_Backspace:
                self.letter_typed.emit(event)
            case _ if event.text().strip() and event.text().isprintable():
                self.letter_typed.emit(event)
            case _:
                super().keyPressEvent(event)
