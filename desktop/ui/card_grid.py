"""Cards in as many columns as fit, walked through with the arrow keys. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.ui.discover_feed import CardFacts
from desktop.ui.model_card import ModelCard
from desktop.ui.tokens import Space

__all__ = ["CardGrid"]

_NARROWEST = 336
_GAP = Space.L


class CardGrid(QWidget):
    """Keeps a card as long as its model is shown, and only changes what it says."""

    opened = Signal(str)
    wished = Signal(str, object, str)
    focus_moved = Signal(object)
    """(ModelCard): it has the focus by the keyboard now, and should be seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without cards."""
        super().__init__(parent)
        self._cards: list[ModelCard] = []
        # Not a fixed height: Qt would take that from the hint for any width.
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """The cards, in the order of reading."""
        return tuple(self._cards)

    def set_cards(self, facts: Sequence[CardFacts]) -> None:
        """Show `facts`, in this order."""
        kept = {card.facts.id: card for card in self._cards}
        wanted = [each.id for each in facts]
        changed = wanted != list(kept)
        self._cards = []
        for each in facts:
            card = kept.pop(each.id, None)
            if card is None:
                card = self._new_card(each)
            else:
                card.set_facts(each)
            self._cards.append(card)
        for card in kept.values():
            card.hide()
            card.deleteLater()
        if changed:
            for before, after in zip(self._cards, self._cards[1:], strict=False):
                QWidget.setTabOrder(before, after)
            self.updateGeometry()
            self._arrange()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        heights = self._heights(width)
        return sum(heights) + _GAP * max(0, len(heights) - 1)

    def sizeHint(self) -> QSize:
        width = max(self.width(), _NARROWEST)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Place the cards anew where their words have other lengths now."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.LanguageChange, QEvent.Type.FontChange}:
            self.updateGeometry()
            self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move the focus from card to card."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = self._step(event.key())
            if step and isinstance(watched, ModelCard) and watched in self._cards:
                place = self._cards.index(watched) + step
                if 0 <= place < len(self._cards):
                    self._cards[place].setFocus(Qt.FocusReason.TabFocusReason)
                    self.focus_moved.emit(self._cards[place])
                return True
        return super().eventFilter(watched, event)

    def _new_card(self, facts: CardFacts) -> ModelCard:
        card = ModelCard(facts, self)
        card.opened.connect(self.opened)
        card.wished.connect(self.wished)
        card.installEventFilter(self)
        card.show()
        return card

    def _step(self, key: int) -> int:
        columns = self._columns(self.width())
        return {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
        }.get(Qt.Key(key), 0)

    def _columns(self, width: int) -> int:
        return max(1, (width + _GAP) // (_NARROWEST + _GAP))

    def _heights(self, width: int) -> list[int]:
        """Return the height of each row, that of its highest card."""
        columns = self._columns(width)
        wide = self._card_width(width)
        heights = [card.heightForWidth(wide) for card in self._cards]
        return [max(heights[at : at + columns]) for at in range(0, len(heights), columns)]

    def _card_width(self, width: int) -> int:
        columns = self._columns(width)
        return (width - _GAP * (columns - 1)) // columns

    def _arrange(self) -> None:
        columns, wide = self._columns(self.width()), self._card_width(self.width())
        top = 0
        for row, height in enumerate(self._heights(self.width())):
            for column, card in enumerate(self._cards[row * columns : (row + 1) * columns]):
                card.setGeometry(column * (wide + _GAP), top, wide, height)
            top += height + _GAP
