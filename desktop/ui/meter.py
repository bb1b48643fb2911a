"""A bar whose parts are shares of a whole: memory, a disk. GUI thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space, Tokens, tokens_of

__all__ = ["Key", "Meter", "Part", "Shade", "paint_meter", "shade_colour"]

_HEIGHT = 10
_GAP = 2
_LEAST = 3.0
_SMALL = 120
_MARK = 2
_VEIL = 150
_SWATCH = 10


class Shade(Enum):
    """What a part is painted in; `REST` is what nobody uses."""

    ACCENT = auto()
    SOFT = auto()
    QUIET = auto()
    DEEP = auto()
    WARN = auto()
    REST = auto()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bar; `amount` in any unit that all parts share."""

    amount: float
    shade: Shade


class Meter(QWidget):
    """Paints parts side by side, rounded at both ends; every part that is there can be seen."""

    def __init__(self, height: int = _HEIGHT, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._parts: tuple[Part, ...] = ()
        self._limit = 0.0
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_parts(self, parts: Sequence[Part], limit: float = 0.0) -> None:
        """Show these parts, from the left; what lies beyond `limit` (0: none) has no room."""
        shown = tuple(part for part in parts if part.amount > 0)
        if (shown, limit) != (self._parts, self._limit):
            self._parts, self._limit = shown, limit
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = tokens_of(self.palette())
        paint_meter(painter, QRectF(self.rect()), self._parts, self._limit, tokens)


def paint_meter(
    painter: QPainter, place: QRectF, parts: Sequence[Part], limit: float, tokens: Tokens
) -> None:
    """Paint `parts`, all of them more than nothing, into `place`, as `Meter` does."""
    painter.save()
    outline = QPainterPath()
    outline.addRoundedRect(place, place.height() / 2, place.height() / 2)
    painter.setClipPath(outline)
    painter.fillRect(place, QColor(tokens.line))
    left = place.left()
    least, between = (_LEAST, _GAP) if place.width() >= _SMALL else (_LEAST / 2, _GAP / 2)
    widths = _widths(parts, place.width(), least + between)
    for part, width in zip(parts, widths, strict=True):
        if part.shade is not Shade.REST:
            # Whole pixels: a blurred edge would look like another shade.
            start, end = round(left), round(left + width)
            gap = between if end < place.right() - 1 else 0
            shown = QRectF(start, place.top(), max(1, end - start - gap), place.height())
            painter.fillRect(shown, shade_colour(part.shade, tokens))
            if gap:
                edge = QRectF(shown.right(), place.top(), gap, place.height())
                painter.fillRect(edge, QColor(tokens.surface))
        left += width
    total = sum(part.amount for part in parts)
    if 0 < limit < total:
        _paint_missing(painter, place, limit / total, tokens)
    painter.restore()


def _paint_missing(painter: QPainter, place: QRectF, share: float, tokens: Tokens) -> None:
    """Mark where there is no more room, at `share` of `place`, and hatch what lies beyond."""
    end = round(place.left() + place.width() * share)
    beyond = QRectF(end, place.top(), place.right() - end, place.height())
    veil = QColor(tokens.surface)
    veil.setAlpha(_VEIL)
    painter.fillRect(beyond, veil)
    painter.fillRect(beyond, QBrush(QColor(tokens.bad), Qt.BrushStyle.BDiagPattern))
    painter.fillRect(QRectF(end - _MARK, place.top(), _MARK, place.height()), QColor(tokens.bad))


def _widths(parts: Sequence[Part], room: float, least: float) -> list[float]:
    """Return the width of each part; small ones get enough to be seen, the largest gives it."""
    total = sum(part.amount for part in parts)
    widths = [max(least, room * part.amount / total) for part in parts]
    if widths:
        widths[widths.index(max(widths))] -= sum(widths) - room
    return widths


class Key(QWidget):
    """What a colour of a meter stands for: a swatch, its words, and how much it is."""

    def __init__(self, shade: Shade) -> None:
        """Start without words."""
        super().__init__()
        self._swatch = _Swatch(shade)
        self._name = PlainLabel(tone="muted", size="small")
        self._amount = PlainLabel(size="small")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS + 2)
        row.addWidget(self._swatch)
        row.addWidget(self._name)
        row.addWidget(self._amount)

    def say(self, name: str, amount: str) -> None:
        """Show `name` and `amount`."""
        self._name.setText(name)
        self._amount.setText(amount)


class _Swatch(QWidget):
    def __init__(self, shade: Shade) -> None:
        super().__init__()
        self._shade = shade
        self.setFixedSize(_SWATCH, _SWATCH)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = tokens_of(self.palette())
        place = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(tokens.handle if self._shade is Shade.REST else "transparent"))
        painter.setBrush(shade_colour(self._shade, tokens))
        painter.drawRoundedRect(place, 3, 3)


def shade_colour(shade: Shade, tokens: Tokens) -> QColor:
    """Return the colour of `shade` in a theme."""
    match shade:
        case Shade.ACCENT:
            return QColor(tokens.accent)
        case Shade.SOFT:
            return _between(tokens.accent, tokens.surface, 0.45)
        case Shade.QUIET:
            return _between(tokens.muted, tokens.surface, 0.5)
        case Shade.DEEP:
            return QColor(tokens.muted)
        case Shade.WARN:
            return QColor(tokens.warn)
        case Shade.REST:
            return QColor(tokens.line)


def _between(one: str, other: str, share: float) -> QColor:
    """Return the colour that has `share` of `one` and the rest of `other`."""
    a, b, rest = QColor(one), QColor(other), 1 - share
    return QColor.fromRgbF(
        a.redF() * share + b.redF() * rest,
        a.greenF() * share + b.greenF() * rest,
        a.blueF() * share + b.blueF() * rest,
    )
