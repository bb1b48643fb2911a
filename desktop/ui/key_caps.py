"""Keys drawn as keys: a small cap for each one to be held or pressed. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.ui.tokens import Radius, Size, Space, Tokens, resized, tokens_of

__all__ = ["KeyCaps", "caps_size", "paint_caps"]

_SIDE = 8
_ROUND = 5
_GAP = Space.XS
_EDGE = 2.0


def caps_size(caps: Sequence[str], font: QFont) -> QSize:
    """Return the room that `caps` take with words in `font`."""
    widths = [_width(cap, font) for cap in caps]
    return QSize(sum(widths) + _GAP * max(0, len(widths) - 1), _height(font))


def paint_caps(
    painter: QPainter, at: QPointF, caps: Sequence[str], font: QFont, tokens: Tokens
) -> None:
    """Paint `caps` in a row, with the upper left corner of the first one at `at`."""
    painter.setFont(font)
    height, left = _height(font), at.x()
    for cap in caps:
        box = QRectF(left, at.y(), _width(cap, font), height)
        # The edge below is what makes it a key: what lies under it is as dark as its frame.
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.handle))
        painter.drawRoundedRect(box, _ROUND, _ROUND)
        painter.setPen(QPen(QColor(tokens.handle), 1))
        painter.setBrush(QColor(tokens.raised))
        top = box.adjusted(0.5, 0.5, -0.5, -_EDGE)
        painter.drawRoundedRect(top, _ROUND - 0.5, _ROUND - 0.5)
        painter.setPen(QColor(tokens.text))
        painter.drawText(top, Qt.AlignmentFlag.AlignCenter, cap)
        left += box.width() + _GAP


class KeyCaps(QWidget):
    """Keys that are only looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show none."""
        super().__init__(parent)
        self._caps: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def caps(self) -> tuple[str, ...]:
        """What stands on the keys."""
        return self._caps

    def set_caps(self, caps: Sequence[str]) -> None:
        """Show a key for each of `caps`."""
        self._caps = tuple(caps)
        self.setAccessibleName("+".join(caps))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return caps_size(self._caps, self._font())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_caps(painter, QPointF(0, 0), self._caps, self._font(), tokens_of(self.palette()))

    def _font(self) -> QFont:
        self.ensurePolished()
        return resized(self.font(), Size.SMALL)


def _width(cap: str, font: QFont) -> int:
    # A key is never narrower than it is high.
    return max(_height(font), QFontMetrics(font).horizontalAdvance(cap) + 2 * _SIDE)


def _height(font: QFont) -> int:
    return QFontMetrics(font).height() + Radius.FIELD + 2
