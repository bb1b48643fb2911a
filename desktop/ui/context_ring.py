"""How full the context window would be: a small ring beside the field, its parts on a click.

GUI thread.
"""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desktop.domain.chat_settings import Overflow
from desktop.domain.context import ContextCount, LargerContext
from desktop.ui.context_card import ContextCard
from desktop.ui.context_words import Level, context_words, level_of, short_words
from desktop.ui.labels import set_tooltip
from desktop.ui.tokens import Size, Space, Tokens, resized, tokens_of

__all__ = ["ContextRing"]

_RING = 16
_WIDTH = 2.5
_CORNER = 8
_FULL_CIRCLE = 360 * 16
_TOP = 90 * 16
# Something that is there can be seen.
_LEAST = 0.03


class ContextRing(QAbstractButton):
    """Shows a `ContextCount`; unseen without one. Figures stand beside it when little is free."""

    opened = Signal()
    """Its parts are shown: now would be a time to say what a larger context costs."""
    overflow_chosen = Signal(object)
    """(Overflow, or "larger"): what to do about what does not fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start unseen."""
        super().__init__(parent)
        self._count: ContextCount | None = None
        self._overflow = Overflow.ASK
        self._larger: LargerContext | None = None
        self._card: ContextCard | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(self.open_card)
        self.hide()

    @property
    def count(self) -> ContextCount | None:
        """What is shown."""
        return self._count

    def set_count(self, count: ContextCount | None) -> None:
        """Show `count`; None for what nobody knows yet."""
        if count == self._count:
            return
        self._count = count
        self._say()
        self.setVisible(count is not None)
        self.updateGeometry()
        self.update()
        self._tell_card()

    def set_overflow(self, overflow: Overflow) -> None:
        """Say in the card what is done by itself when something does not fit."""
        self._overflow = overflow
        self._tell_card()

    def set_larger(self, larger: LargerContext | None) -> None:
        """Offer a larger context, where there is one."""
        self._larger = larger
        self._tell_card()

    def open_card(self) -> None:
        """Show the parts."""
        if self._count is None or self._card is not None:
            return
        card = self._card = ContextCard(self)
        card.overflow_chosen.connect(self.overflow_chosen)
        card.destroyed.connect(self._on_card_gone)
        self._tell_card()
        card.open_at(self)
        self.opened.emit()

    def sizeHint(self) -> QSize:
        """Take the room of a button, and of the figures where they are shown."""
        words = self._words()
        wide = self._metrics().horizontalAdvance(words) + Space.S if words else 0
        return QSize(Size.BUTTON + wide, Size.BUTTON)

    def changeEvent(self, event: QEvent) -> None:
        """Follow language and font."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.LanguageChange, QEvent.Type.FontChange}:
            self._say()
            self.updateGeometry()

    def paintEvent(self, _event: QPaintEvent) -> None:
        count = self._count
        if count is None:
            return
        tokens = tokens_of(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, tokens)
        words = self._words()
        left = (Size.BUTTON - _RING) / 2 + (Space.XS if words else 0)
        place = QRectF(left, (self.height() - _RING) / 2, _RING, _RING)
        level = level_of(count)
        colour = _colour(level, tokens)
        self._paint_ring(painter, place, count, colour, tokens)
        painter.setPen(colour)
        font = self.font()
        if level is Level.OVER:
            # Not by its colour alone.
            font.setPixelSize(11)
            font.setBold(True)
            painter.setFont(font)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "!")
        if words:
            painter.setFont(self._small())
            beside = QRectF(self.rect()).adjusted(place.right() + Space.XS + 2, 0, 0, 0)
            painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_ground(self, painter: QPainter, tokens: Tokens) -> None:
        ground = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isDown() or self._card is not None:
            painter.setBrush(QColor(tokens.pressed))
            painter.drawRoundedRect(ground, _CORNER, _CORNER)
        elif self.underMouse():
            painter.setBrush(QColor(tokens.hover))
            painter.drawRoundedRect(ground, _CORNER, _CORNER)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(ground, _CORNER, _CORNER)

    def _paint_ring(
        self,
        painter: QPainter,
        place: QRectF,
        count: ContextCount,
        colour: QColor,
        tokens: Tokens,
    ) -> None:
        inset = _WIDTH / 2
        ring = place.adjusted(inset, inset, -inset, -inset)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tokens.handle), _WIDTH))
        painter.drawEllipse(ring)
        share = min(1.0, max(_LEAST, count.total / max(1, count.room)))
        pen = QPen(colour, _WIDTH)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawArc(ring, _TOP, -round(share * _FULL_CIRCLE))

    def _words(self) -> str:
        count = self._count
        return "" if count is None or level_of(count) is Level.CALM else short_words(count)

    def _small(self) -> QFont:
        return resized(self.font(), Size.SMALL)

    def _metrics(self) -> QFontMetrics:
        return QFontMetrics(self._small())

    def _say(self) -> None:
        if self._count is None:
            return
        words = context_words(self._count)
        self.setAccessibleName(words)
        set_tooltip(self, words)

    def _tell_card(self) -> None:
        if self._card is not None and self._count is not None:
            self._card.show_count(self._count, self._overflow, self._larger)

    def _on_card_gone(self) -> None:
        self._card = None
        self.update()


def _colour(level: Level, tokens: Tokens) -> QColor:
    match level:
        case Level.CALM:
            return QColor(tokens.muted)
        case Level.NEAR:
            return QColor(tokens.warn)
        case Level.OVER:
            return QColor(tokens.bad)
