"""A model of the catalogue as a card: painted in one go, so that sixty of them scroll lightly.

GUI thread.
"""

from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop.domain import quantities
from desktop.ui.chips import Chip, chip_font, paint_chips, place_chips
from desktop.ui.discover_feed import CardFacts, Stage
from desktop.ui.fit_words import Badge, badge_of
from desktop.ui.get_button import GetButton, Wish
from desktop.ui.hints import show_hint
from desktop.ui.memory_bar import bar_parts
from desktop.ui.meter import paint_meter
from desktop.ui.model_chips import context_chip, model_chips
from desktop.ui.quantisation_paint import advice_bar, badge_height, memory_lines, paint_badge
from desktop.ui.text_lines import text_lines
from desktop.ui.tokens import Radius, Space, Tokens, resized, tokens_of

__all__ = ["ModelCard"]

_PAD = 18
_NAME = 15
_WORDS = 13
_MOST_LINES = 3
_BAR = 6
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
        if facts == self._facts:
            return
        before, self._facts = self._facts, facts
        if replace(before, advice=facts.advice) == facts:
            # Only figures are other ones: nothing moves, and sixty cards follow a slider.
            self._describe()
            self.update()
        else:
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
        above = _PAD + name + Space.XS + words + Space.M + chips + Space.M
        return above + self._fit_height() + Space.S + foot + _PAD - 4

    def _fit_height(self) -> int:
        """Return the height of badge and bar; cards side by side have the same, known or not."""
        return badge_height(self._font(_WORDS)) + Space.XS + 2 + _BAR

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
        """Explain the chip, the badge or the bar under the pointer."""
        return show_hint(self, event, self._hint_at) or super().event(event)

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
        advice, badge = self._facts.advice, self._badge()
        font = self._font(_WORDS)
        if advice is not None and badge is not None:
            line = self._badge_place()
            paint_badge(painter, badge, badge.line, line, tokens, font)
            bar = advice_bar(advice)
            paint_meter(painter, QRectF(self._bar_place()), bar_parts(bar), bar.room, tokens)
        room = self._foot()
        size = QFontMetrics(font).elidedText(
            self._size_words(), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.setFont(font)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(room, _LEFT, size)

    def _badge(self) -> Badge | None:
        advice = self._facts.advice
        if advice is None:
            return None
        return badge_of(advice.fit, advice.place, advice.speed, advice.missing)

    def _badge_place(self) -> QRect:
        height = badge_height(self._font(_WORDS))
        top = self._foot().top() - Space.S - self._fit_height()
        return QRect(_PAD, top, self.width() - 2 * _PAD, height)

    def _bar_place(self) -> QRect:
        top = self._foot().top() - Space.S - _BAR
        return QRect(_PAD, top, self.width() - 2 * _PAD, _BAR)

    def _context_place(self) -> QRect:
        width = QFontMetrics(chip_font(self.font())).horizontalAdvance(self._context) + 2
        height = QFontMetrics(self._name_font()).height()
        return QRect(self.width() - _PAD - width, _PAD, width, height)

    def _size_words(self) -> str:
        facts = self._facts
        if facts.advice is None or not facts.size:
            return ""
        about = "≈ " if facts.is_estimate else ""
        label = facts.advice.quantisation
        return " · ".join(
            part for part in (label, f"{about}{quantities.sized(facts.size)}") if part
        )

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
        above = (
            top
            - Space.S
            - self._fit_height()
            - Space.M
            - (places[-1].bottom() + 1 if places else 0)
        )
        self._places = [place.translated(_PAD, above) for place in places]
        self.update()

    def _hint_at(self, point: QPoint) -> str:
        for chip, place in zip(self._chips, self._places, strict=True):
            if place.contains(point):
                return chip.hint
        if self._context_place().contains(point) and self._context:
            return context_chip(self._facts.context_length).hint
        advice, badge = self._facts.advice, self._badge()
        if advice is None or badge is None:
            return ""
        if self._badge_place().contains(point):
            return badge.hint
        near = self._bar_place().adjusted(0, -Space.XS, 0, Space.XS)
        return memory_lines(advice) if near.contains(point) else ""

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
        self._describe()
        self._heights.clear()
        self._arrange()
        self.updateGeometry()

    def _describe(self) -> None:
        facts, badge = self._facts, self._badge()
        fit = badge.told if badge is not None else ""
        chips = (chip.words for chip in self._chips)
        parts = (facts.words, fit, self._size_words(), *chips, self._context)
        self.setAccessibleDescription(". ".join(part for part in parts if part))

    def _name_font(self) -> QFont:
        font = self._font(_NAME)
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _font(self, pixels: int) -> QFont:
        return resized(self.font(), pixels)
