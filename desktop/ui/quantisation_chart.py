"""Bits against quality loss, one point for each quantisation, to be pointed at. GUI thread."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.domain.catalogue import QuantisationFacts
from desktop.ui.quantisation_columns import small_font
from desktop.ui.tokens import Space, Tokens, tokens_of

__all__ = ["QuantisationChart"]

_HEIGHT = 250
_LEFT = 12
_BELOW = 38
_ABOVE = 14
_FEWEST_BITS = 1.8
_MOST_BITS = 17.5
_LEAST_LOSS = 7e-4
_MOST_LOSS = 3.0
_TICKS = (2, 3, 4, 5, 6, 8, 16)
_POINT = 4.0
_NEAR = 30.0
_NAMED = ("Q4_K_M", "Q8_0", "Q2_K", "Q6_K", "Q5_K_M", "Q3_K_M", "IQ1_S", "IQ2_XS", "IQ4_XS")


class QuantisationChart(QWidget):
    """Points that this model offers are filled; the chosen one stands out."""

    pointed = Signal(str)
    """(name of a quantisation): the pointer or the arrow keys came to it."""

    def __init__(self) -> None:
        """Start without points."""
        super().__init__()
        self._facts: tuple[QuantisationFacts, ...] = ()
        self._offered: frozenset[str] = frozenset()
        self._name = ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._say()

    def show_facts(
        self, facts: Sequence[QuantisationFacts], offered: frozenset[str], name: str
    ) -> None:
        """Show what was measured; the quantisation `name` is chosen."""
        shown = (each for each in facts if each.loss is not None and each.loss > 0)
        self._facts = tuple(sorted(shown, key=lambda each: each.bits))
        self._offered = offered
        self.choose(name)

    def choose(self, name: str) -> None:
        """Let the quantisation `name` stand out."""
        self._name = name
        self._say()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, _HEIGHT)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Choose the nearest point."""
        here = event.position()
        near = min(self._facts, key=lambda each: _distance(self._point(each), here), default=None)
        if near is not None and _distance(self._point(near), here) < _NEAR:
            self._point_at(near)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from point to point, by bits."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()), 0)
        if not step or not self._facts:
            super().keyPressEvent(event)
            return
        names = [each.name for each in self._facts]
        now = names.index(self._name) if self._name in names else 0
        self._point_at(self._facts[min(len(names) - 1, max(0, now + step))])

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(small_font(self.font()))
        tokens = tokens_of(self.palette())
        taken = self._paint_axes(painter, tokens)
        chosen = next((each for each in self._facts if each.name == self._name), None)
        if chosen is not None:
            place = self._point(chosen)
            painter.setPen(QPen(QColor(tokens.accent), 1, Qt.PenStyle.DotLine))
            painter.drawLine(place, QPointF(place.x(), self._room().bottom()))
        for each in self._facts:
            self._paint_point(painter, each, tokens)
        self._paint_names(painter, chosen, taken, tokens)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _paint_axes(self, painter: QPainter, tokens: Tokens) -> list[QRectF]:
        """Paint both axes; return where words of theirs lie between the points."""
        taken = []
        room = self._room()
        metrics = QFontMetrics(painter.font())
        levels = (
            (0.001, self.tr("nothing to notice")),
            (0.01, self.tr("very small loss")),
            (0.1, self.tr("noticeable")),
            (1.0, self.tr("very large loss")),
        )
        for loss, words in levels:
            level = self._y(loss)
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(QPointF(room.left(), level), QPointF(room.right(), level))
            painter.setPen(QColor(tokens.muted))
            wide = metrics.horizontalAdvance(words)
            painter.drawText(QPointF(room.right() - wide, level - Space.XS), words)
            high = metrics.height()
            taken.append(QRectF(room.right() - wide, level - high, wide, high))
        for bits in _TICKS:
            words = str(bits)
            left = self._x(bits) - metrics.horizontalAdvance(words) / 2
            painter.drawText(QPointF(left, room.bottom() + metrics.height() + 2), words)
        title = self.tr("bits per weight")
        left = room.center().x() - metrics.horizontalAdvance(title) / 2
        painter.drawText(QPointF(left, self.height() - 3), title)
        return taken

    def _paint_point(self, painter: QPainter, facts: QuantisationFacts, tokens: Tokens) -> None:
        chosen = facts.name == self._name
        offered = facts.name in self._offered
        ink = QColor(tokens.accent if offered or chosen else tokens.handle)
        radius = _POINT + 2 if chosen else _POINT
        painter.setPen(QPen(ink, 1.5))
        painter.setBrush(ink if offered or chosen else QColor(tokens.surface))
        painter.drawEllipse(self._point(facts), radius, radius)

    def _paint_names(
        self,
        painter: QPainter,
        chosen: QuantisationFacts | None,
        words: list[QRectF],
        tokens: Tokens,
    ) -> None:
        """Write names beside points, the chosen one first, where they hide nothing."""
        metrics = QFontMetrics(painter.font())
        known = {each.name: each for each in self._facts}
        wanted = [chosen] if chosen is not None else []
        wanted += [known[name] for name in _NAMED if name in known and name != self._name]
        taken = words + [QRectF(self._point(each), QSize(1, 1)) for each in self._facts]
        if chosen is not None:
            point = self._point(chosen)
            taken.append(QRectF(point.x(), point.y(), 1, self._room().bottom() - point.y()))
        for facts in wanted:
            place = self._name_place(facts, metrics, taken)
            if place is None:
                continue
            taken.append(place)
            painter.setPen(QColor(tokens.accent if facts is chosen else tokens.muted))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, facts.name)

    def _name_place(
        self, facts: QuantisationFacts, metrics: QFontMetrics, taken: list[QRectF]
    ) -> QRectF | None:
        point = self._point(facts)
        wide, high = metrics.horizontalAdvance(facts.name) + 4, metrics.height()
        away = _POINT + Space.XS
        for left, top in (
            (point.x() + away, point.y() - high),
            (point.x() - away - wide, point.y()),
            (point.x() + away, point.y() + 2),
            (point.x() - away - wide, point.y() - high),
        ):
            place = QRectF(left, top, wide, high)
            free = not any(place.adjusted(-2, -2, 2, 2).intersects(each) for each in taken)
            if free and QRectF(self.rect()).contains(place):
                return place
        return None

    def _room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_LEFT, _ABOVE, -_LEFT, -_BELOW)

    def _point(self, facts: QuantisationFacts) -> QPointF:
        return QPointF(self._x(facts.bits), self._y(facts.loss or _LEAST_LOSS))

    def _x(self, bits: float) -> float:
        room = self._room()
        return room.left() + room.width() * _share(bits, _FEWEST_BITS, _MOST_BITS)

    def _y(self, loss: float) -> float:
        room = self._room()
        return room.bottom() - room.height() * _share(loss, _LEAST_LOSS, _MOST_LOSS)

    def _point_at(self, facts: QuantisationFacts) -> None:
        if facts.name != self._name:
            self.choose(facts.name)
            self.pointed.emit(facts.name)

    def _say(self) -> None:
        self.setAccessibleName(self.tr("Quality loss by bits per weight"))
        self.setAccessibleDescription(self._name)


def _share(value: float, least: float, most: float) -> float:
    """Return where `value` lies between `least` and `most`, by ratios."""
    kept = min(most, max(least, value))
    return math.log(kept / least) / math.log(most / least)


def _distance(one: QPointF, other: QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())
