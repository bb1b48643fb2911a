"""A bar whose parts are shares of a whole: memory, a disk. GUI thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space, Tokens, tokens_of

__all__ = ["Key", "Meter", "Part", "Shade", "shade_colour"]

_HEIGHT = 10
_GAP = 2
_LEAST = 3.0
_SWATCH = 10


class Shade(Enum):
    """What a part is painted in; `REST` is what nobody uses."""

    ACCENT = auto()
    SOFT = auto()
    QUIET = auto()
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
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_parts(self, parts: Sequence[Part]) -> None:
        """Show these parts, from the left."""
        shown = tuple(part for part in parts if part.amount > 0)
        if shown != self._parts:
            self._parts = shown
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = tokens_of(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        outline = QPainterPath()
        outline.addRoundedRect(whole, whole.height() / 2, whole.height() / 2)
        painter.setClipPath(outline)
        painter.fillRect(whole, QColor(tokens.line))
        left = 0.0
        widths = self._widths(whole.width())
        for part, width in zip(self._parts, widths, strict=True):
            if part.shade is not Shade.REST:
                # Whole pixels: a blurred edge would look like another shade.
                start, end = round(left), round(left + width)
                gap = _GAP if end < whole.width() - 1 else 0
                place = QRectF(start, 0, max(1, end - start - gap), whole.height())
                painter.fillRect(place, shade_colour(part.shade, tokens))
                if gap:
                    edge = QRectF(place.right(), 0, gap, whole.height())
                    painter.fillRect(edge, QColor(tokens.surface))
            left += width

    def _widths(self, room: float) -> list[float]:
        """Return the width of each part; small ones get enough to be seen, the largest gives it."""
        total = sum(part.amount for part in self._parts)
        widths = [max(_LEAST + _GAP, room * part.amount / total) for part in self._parts]
        if widths:
            widths[widths.index(max(widths))] -= sum(widths) - room
        return widths


class Key(QWidget):
    """What a colour of a meter stands for: a swatch, its words, and how much it is."""

    def __init__(self, shade: Shade, parent: QWidget | None = None) -> None:
        """Start without words."""
        super().__init__(parent)
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
