"""The rounded card of the popup, and the shadow under it. GUI thread."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen

from desktop.ui.tokens import tokens_of

__all__ = ["paint_card", "paint_shadow"]

_SHADOW_ALPHA = 5
_STEP = 2


def paint_card(painter: QPainter, card: QRect, palette: QPalette, radius: int) -> None:
    """Fill `card` with the surface of the theme and draw its hairline."""
    tokens = tokens_of(palette)
    painter.setPen(QPen(QColor(tokens.line), 1))
    painter.setBrush(QColor(tokens.surface))
    painter.drawRoundedRect(QRectF(card).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)


def paint_shadow(painter: QPainter, card: QRect, reach: int) -> None:
    """Darken what lies around `card`, less with the distance, a little more below."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, _SHADOW_ALPHA))
    for spread in range(reach - _STEP, 0, -_STEP):
        grown = QRectF(card).adjusted(-spread, -spread + _STEP, spread, spread)
        painter.drawRoundedRect(grown, spread + reach, spread + reach)
