"""The wave under a misspelt word: drawn once for each look, then repeated. GUI thread."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

__all__ = ["Look", "Wave"]

# Measures of a wave where a line of text is so many pixels high.
_LINE = 19.0
_PEN = 1.3
_LENGTH = 4.0
_RISE = 1.1
_BELOW = 2.2


@dataclass(frozen=True, slots=True)
class Look:
    """Colour as `#rrggbb`, height of a line in pixels, and pixels of the screen for each of them."""

    colour: str
    line: int
    ratio: float


class Wave:
    """Keeps the picture of one wave, and repeats it along words."""

    def __init__(self) -> None:
        """Draw nothing yet."""
        self._look: Look | None = None
        self._tile = QPixmap()
        self._below = 0.0

    def use(self, look: Look) -> None:
        """Look so from now on."""
        if look == self._look:
            return
        self._look = look
        size = look.line / _LINE
        length = max(2, round(_LENGTH * size * look.ratio))
        rise, pen = _RISE * size * look.ratio, _PEN * size * look.ratio
        self._below = _BELOW * size
        tile = QPixmap(length, math.ceil(2 * rise + pen))
        tile.fill(Qt.GlobalColor.transparent)
        painter = QPainter(tile)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(look.colour), pen))
        middle, quarter = tile.height() / 2, length / 4
        path = QPainterPath(QPointF(-length, middle))
        # Beyond both edges, so that one picture goes on in the next.
        for start in range(-length, 2 * length, length):
            path.quadTo(start + quarter, middle - 2 * rise, start + 2 * quarter, middle)
            path.quadTo(start + 3 * quarter, middle + 2 * rise, start + length, middle)
        painter.drawPath(path)
        painter.end()
        tile.setDevicePixelRatio(look.ratio)
        self._tile = tile

    def draw(self, painter: QPainter, left: float, right: float, baseline: float) -> None:
        """Draw it below `baseline`, upon whole pixels of the screen."""
        if self._look is None:
            return
        ratio = self._look.ratio
        begin, end, top = (
            round(place * ratio) / ratio
            for place in (left, right, baseline + self._below - self._tile.height() / ratio / 2)
        )
        area = QRectF(begin, top, end - begin, self._tile.height() / ratio)
        painter.drawTiledPixmap(area, self._tile)
