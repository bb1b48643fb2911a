"""What the rows of painted lists have in common: their ground, and a line of words. GUI thread."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle

from desktop.ui.tokens import Radius, Size, Tokens, resized

__all__ = ["paint_row", "small_font", "write"]

_ALIGNED = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine


def paint_row(
    painter: QPainter,
    row: QRect,
    state: QStyle.StateFlag,
    tokens: Tokens,
    *,
    marked: str = "",
    radius: int = Radius.FIELD,
) -> None:
    """Paint what lies behind a row: the colour `marked`, else a hint under the pointer.

    A row that the keyboard has gone to gets a ring; one that was clicked has none.
    """
    flag = QStyle.StateFlag
    ground = marked or (tokens.hover if state & flag.State_MouseOver else "")
    if ground:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(row, radius, radius)
    by_key = flag.State_HasFocus | flag.State_Active | flag.State_KeyboardFocusChange
    if state & by_key == by_key:
        painter.setPen(QPen(QColor(tokens.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(row).adjusted(1, 1, -1, -1), radius, radius)


def write(painter: QPainter, place: QRect, words: str, font: QFont, ink: str) -> None:
    """Write `words` as one line in the middle of `place`, cut where it ends."""
    painter.setFont(font)
    painter.setPen(QColor(ink))
    width = max(0, place.width())
    shown = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, width)
    painter.drawText(place, _ALIGNED, shown)


def small_font(font: QFont) -> QFont:
    """Return the font of what is said beside words in `font`."""
    return resized(font, Size.SMALL)
