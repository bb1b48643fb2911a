"""A model of the catalogue as a card: painted in one go, so that sixty of them scroll lightly.

GUI thread.
"""

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QToolTip, QWidget

from desktop.domain import quantities
from desktop.ui.chips import Chip, chip_font, paint_chips, place_chips
from desktop.ui.discover_feed import CardFacts, Stage
from desktop.ui.fit_words import fit_hint, fit_words
from desktop.ui.get_button import GetButton, Wish
from desktop.ui.labels import plain_tooltip
from desktop.ui.model_chips import context_chip, model_chips
from desktop.ui.quantisation_paint import fit_width, paint_fit
from desktop.ui.text_lines import text_lines
from desktop.ui.tokens import Radius, Space, Tokens, tokens_of

__all__ = ["ModelCard"]

_PAD = 18
_NAME = 15
_WORDS = 13
_MOST_LINES = 3
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ModelCard(QAbstractButton):
    """Pressed, it asks for the model's page; its Get button fetches what suits this computer."""

    opened = Signal(str)
    """(id of the model)"""
    wished = Signal(str, object, str)
    """(id of the model, Wish, key of the download)"""

    def __init__(self, facts: CardFacts, parent: QWidget | None = None) -> None:
        """Show `facts`."""
        super().__init__(parent)
        self._facts = facts
        self._chips: tuple[Chip, ...] = ()
        self._places: list[QRect] = []
        self._lines: list[str] = []
        self._context = ""
        self._heights: dict[int, int] = {}
        self._get = GetButton(parent=self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(lambda: self.opened.emit(self._facts.id))
        self._get.wished.connect(self._on_wished)
        self._say()

    @property
    def facts(self) -> CardFacts:
        """What is shown."""
        return self._facts

    def set_facts(self, facts: CardFacts) -> None:
        """Show other facts; nothing is painted anew where they are the same."""
        if facts != self._facts:
            self._facts = facts
            self._say()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height at `width`; layouts ask often, so it is kept."""
        height = self._heights.get(width)
        if height is None:
            height = self._heights[width] = self._height(width)
        return height

    def _height(self, width: int) -> int:
        inner = max(1, width - 2 * _PAD)
        places = place_chips(self._chips, chip_font(self.font()), inner)
        chips = places[-1].bottom() + 1 if places else 0
        lines = len(text_lines(self._facts.words, self._font(_WORDS), inner, _MOST_LINES))
        words = (QFontMetrics(self._font(_WORDS)).lineSpacing() + 1) * lines
        name = QFontMetrics(self._name_font()).height()
        foot = self._get.sizeHint().height()
        return _PAD + name + Space.XS + words + Space.M + chips + Space.L + foot + _PAD - 4

    def sizeHint(self) -> QSize:
        return QSize(320, self.heightForWidth(320))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Follow language and font."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.LanguageChange, QEvent.Type.FontChange}:
            self._say()

    def event(self, event: QEvent) -> bool:
        """Explain the chip, or the badge, under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = self._hint_at(event.pos())
            QToolTip.showText(event.globalPos(), plain_tooltip(words), self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = tokens_of(self.palette())
        self._paint_ground(painter, tokens)
        self._paint_words(painter, tokens)
        paint_chips(painter, self._chips, self._places, tokens, chip_font(self.font()))
        self._paint_foot(painter, tokens)

    def _paint_ground(self, painter: QPainter, tokens: Tokens) -> None:
        lively = self.underMouse() and not self._get.underMouse()
        ring = self.hasFocus()
        painter.setBrush(QColor(tokens.pressed if self.isDown() else tokens.surface))
        line = tokens.accent if ring else tokens.handle if lively else tokens.line
        painter.setPen(QPen(QColor(line), 2 if ring else 1))
        inset = 1.0 if ring else 0.5
        room = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(room, Radius.CARD, Radius.CARD)

    def _paint_words(self, painter: QPainter, tokens: Tokens) -> None:
        facts, font = self._facts, self._name_font()
        metrics = QFontMetrics(font)
        inner = self.width() - 2 * _PAD
        name = QRect(_PAD, _PAD, inner, metrics.height())
        painter.setFont(chip_font(self.font()))
        painter.setPen(QColor(tokens.muted))
        painter.drawText(self._context_place(), _RIGHT, self._context)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text))
        room = inner - self._context_place().width() - Space.S
        painter.drawText(
            name, _LEFT, metrics.elidedText(facts.name, Qt.TextElideMode.ElideMiddle, room)
        )
        plain = self._font(_WORDS)
        painter.setFont(plain)
        painter.setPen(QColor(tokens.muted))
        spacing = QFontMetrics(plain).lineSpacing() + 1
        top = name.bottom() + 1 + Space.XS
        for number, line in enumerate(self._lines):
            painter.drawText(QRect(_PAD, top + number * spacing, inner, spacing), _LEFT, line)

    def _paint_foot(self, painter: QPainter, tokens: Tokens) -> None:
        facts = self._facts
        room = self._foot()
        font = self._font(_WORDS)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        left = room.left()
        if facts.fit is not None:
            paint_fit(painter, facts.fit, room, tokens, font)
            left += fit_width(facts.fit, font)
        size = self._size_words()
        if facts.fit is not None and size:
            size = f" · {size}"
        painter.setPen(QColor(tokens.muted))
        rest = QRect(left, room.top(), room.right() - left, room.height())
        painter.drawText(
            rest, _LEFT, metrics.elidedText(size, Qt.TextElideMode.ElideRight, rest.width())
        )

    def _context_place(self) -> QRect:
        width = QFontMetrics(chip_font(self.font())).horizontalAdvance(self._context) + 2
        height = QFontMetrics(self._name_font()).height()
        return QRect(self.width() - _PAD - width, _PAD, width, height)

    def _size_words(self) -> str:
        about = "≈ " if self._facts.is_estimate else ""
        return f"{about}{quantities.sized(self._facts.size)}" if self._facts.size else ""

    def _foot(self) -> QRect:
        button = self._get.geometry()
        right = button.left() if not self._get.isHidden() else self.width() - _PAD
        return QRect(_PAD, button.top(), right - _PAD - Space.S, button.height())

    def _arrange(self) -> None:
        inner = max(1, self.width() - 2 * _PAD)
        self._lines = text_lines(self._facts.words, self._font(_WORDS), inner, _MOST_LINES)
        size = self._get.sizeHint()
        top = self.height() - _PAD + 4 - size.height()
        self._get.setGeometry(
            self.width() - _PAD + 2 - size.width(), top, size.width(), size.height()
        )
        places = place_chips(self._chips, chip_font(self.font()), inner)
        above = top - Space.L - (places[-1].bottom() + 1 if places else 0)
        self._places = [place.translated(_PAD, above) for place in places]
        self.update()

    def _hint_at(self, point: QPoint) -> str:
        for chip, place in zip(self._chips, self._places, strict=True):
            if place.contains(point):
                return chip.hint
        if self._context_place().contains(point) and self._context:
            return context_chip(self._facts.context_length).hint
        fit = self._facts.fit
        return fit_hint(fit) if fit is not None and self._foot().contains(point) else ""

    def _on_wished(self, wish: Wish, order: str) -> None:
        if wish is Wish.GET and self._facts.must_accept:
            # The page is where terms are shown and accepted.
            self.opened.emit(self._facts.id)
        else:
            self.wished.emit(self._facts.id, wish, order)

    def _say(self) -> None:
        facts = self._facts
        self._chips = model_chips(facts)
        length = facts.context_length
        self._context = context_chip(length).words if length else ""
        self._get.set_state(facts.name, facts.state)
        offered = facts.state.stage is Stage.OFFERED
        self._get.setVisible(facts.can_get or not offered)
        self.setAccessibleName(facts.name)
        fit = fit_words(facts.fit) if facts.fit is not None else ""
        chips = (chip.words for chip in self._chips)
        parts = (facts.words, fit, self._size_words(), *chips, self._context)
        self.setAccessibleDescription(". ".join(part for part in parts if part))
        self._heights.clear()
        self._arrange()
        self.updateGeometry()

    def _name_font(self) -> QFont:
        font = self._font(_NAME)
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _font(self, pixels: int) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(pixels)
        return font
