"""The soft shadow under the popup: drawn once for each scale of screen, then laid around in tiles.

GUI thread.
"""

import math

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QPixmapCache

from desktop.ui.tokens import Radius

__all__ = ["SHADOW", "paint_soft_shadow"]

SHADOW = 36
"""How far it reaches beyond the card, in device-independent pixels."""

_LOWER = 10
_SPREAD = SHADOW - _LOWER
_DARKEST = 52
_CORNER = SHADOW + Radius.POPUP + _SPREAD


def paint_soft_shadow(painter: QPainter, card: QRect) -> None:
    """Darken what lies around `card`, most at its edge, a little more below than above."""
    scale = painter.device().devicePixelRatioF()
    tile = _tile(scale)
    around = card.adjusted(-SHADOW, -SHADOW, SHADOW, SHADOW)
    corner = min(_CORNER, around.width() // 2, around.height() // 2)
    xs = (around.left(), around.left() + corner, around.right() + 1 - corner, around.right() + 1)
    ys = (around.top(), around.top() + corner, around.bottom() + 1 - corner, around.bottom() + 1)
    middle = _CORNER
    sources = ((0, corner), (middle, 1), (2 * _CORNER + 1 - corner, corner))
    for column, (left, width) in enumerate(sources):
        for row, (top, height) in enumerate(sources):
            if (column, row) == (1, 1):
                # The card lies there.
                continue
            place = QRect(
                QPoint(xs[column], ys[row]),
                QSize(xs[column + 1] - xs[column], ys[row + 1] - ys[row]),
            )
            part = QRectF(left * scale, top * scale, width * scale, height * scale)
            painter.drawPixmap(QRectF(place), tile, part)


def _tile(scale: float) -> QPixmap:
    """Return the smallest shadow: four corners, and one pixel between each two of them."""
    key = f"lapis/popup-shadow/{scale}"
    tile = QPixmap()
    if QPixmapCache.find(key, tile):
        return tile
    side = 2 * _CORNER + 1
    tile = QPixmap(QSize(side, side) * scale)
    tile.setDevicePixelRatio(scale)
    tile.fill(Qt.GlobalColor.transparent)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    # Each layer says how dark it is in all, whatever lies below it.
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    card = QRectF(SHADOW, SHADOW + _LOWER, side - 2 * SHADOW, side - 2 * SHADOW)
    steps = round(_SPREAD * scale)
    for step in range(steps, -1, -1):
        spread = step / scale
        share = spread / _SPREAD
        alpha = round(_DARKEST * math.exp(-3.2 * share * share) * (1 - share))
        painter.setBrush(QColor(0, 0, 0, alpha))
        grown = card.adjusted(-spread, -spread, spread, spread)
        painter.drawRoundedRect(grown, Radius.POPUP + spread, Radius.POPUP + spread)
    painter.end()
    QPixmapCache.insert(key, tile)
    return tile
