"""Small facts as chips: placed in rows, painted, or a widget of their own. GUI thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.ui.hints import show_hint
from desktop.ui.icons import IconName, icon_pixmap
from desktop.ui.tokens import Radius, Size, Space, Tokens, resized, tokens_of
from desktop.ui.translation import listed

__all__ = ["Chip", "ChipRow", "chip_font", "paint_chips", "place_chips"]

_HEIGHT = 22
_SIDE = 7
_ICON = 14
_GAP = 5
_MARK = _ICON + 2
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Chip:
    """A word or two, with an icon before them if there is one; `hint` explains."""

    words: str
    icon: IconName | None = None
    hint: str = ""


def chip_font(base: QFont) -> QFont:
    """Return the font of chips beside text in `base`."""
    return resized(base, Size.SMALL)


def place_chips(chips: Sequence[Chip], font: QFont, width: int) -> list[QRect]:
    """Return where each chip lies, in rows at most `width` wide, from the corner (0, 0)."""
    metrics = QFontMetrics(font)
    height = max(_HEIGHT, metrics.height() + Space.XS)
    places = []
    left = top = 0
    for chip in chips:
        mark = _MARK if chip.icon is not None else 0
        wide = min(width, metrics.horizontalAdvance(chip.words) + mark + 2 * _SIDE)
        if left and left + wide > width:
            left, top = 0, top + height + _GAP
        places.append(QRect(left, top, wide, height))
        left += wide + _GAP
    return places


def paint_chips(
    painter: QPainter,
    chips: Sequence[Chip],
    places: Sequence[QRect],
    tokens: Tokens,
    font: QFont,
) -> None:
    """Paint each chip in its place, with the origin of `painter`."""
    metrics = QFontMetrics(font)
    scale = painter.device().devicePixelRatioF()
    painter.setFont(font)
    for chip, place in zip(chips, places, strict=True):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(place, Radius.FIELD, Radius.FIELD)
        inner = place.adjusted(_SIDE, 0, -_SIDE, 0)
        if chip.icon is not None:
            pixmap = icon_pixmap(chip.icon, _ICON, QColor(tokens.muted), scale)
            top = place.top() + (place.height() - _ICON) // 2
            painter.drawPixmap(inner.left() - 1, top, pixmap)
            inner.setLeft(inner.left() + _MARK)
        painter.setPen(QColor(tokens.muted))
        words = metrics.elidedText(chip.words, Qt.TextElideMode.ElideRight, inner.width() + 1)
        painter.drawText(inner.adjusted(0, 0, 4, 0), _LEFT, words)


class ChipRow(QWidget):
    """Chips in as many rows as they need."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without chips."""
        super().__init__(parent)
        self._chips: tuple[Chip, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_chips(self, chips: Sequence[Chip]) -> None:
        """Show `chips`."""
        if tuple(chips) == self._chips:
            return
        self._chips = tuple(chips)
        self.setAccessibleName(listed(chip.words for chip in chips))
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = self._places(width)
        return places[-1].bottom() + 1 if places else 0

    def sizeHint(self) -> QSize:
        places = self._places(2**15)
        return QSize(places[-1].right() + 1, _HEIGHT) if places else QSize(0, 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(_HEIGHT, self.heightForWidth(max(1, self.width())))

    def event(self, event: QEvent) -> bool:
        """Explain the chip under the pointer."""
        return show_hint(self, event, self._hint_at) or super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = self._places(self.width())
        font = chip_font(self.font())
        paint_chips(painter, self._chips, places, tokens_of(self.palette()), font)

    def _hint_at(self, point: QPoint) -> str:
        places = zip(self._chips, self._places(self.width()), strict=True)
        return next((chip.hint for chip, place in places if place.contains(point)), "")

    def _places(self, width: int) -> list[QRect]:
        return place_chips(self._chips, chip_font(self.font()), width)
