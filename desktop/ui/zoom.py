"""How large the text of the transcript is: steps that feel even, within bounds. GUI thread."""

from PySide6.QtGui import QFont

from desktop.domain.settings import LEAST_ZOOM, MOST_ZOOM
from desktop.ui.tokens import Size

__all__ = ["COMPACT", "DEFAULT_ZOOM", "ZOOM", "next_zoom", "text_scale", "zoomed_font"]

DEFAULT_ZOOM = 100
ZOOM = "textZoom"
"""The property of a widget that sets the size of the texts in it, in percent."""
COMPACT = "compactText"
"""The property of such a widget that puts the lines of the texts in it closer together."""
_STEPS = (LEAST_ZOOM, 80, 90, DEFAULT_ZOOM, 110, 125, 150, 175, MOST_ZOOM)


def next_zoom(percent: int, step: int) -> int:
    """Return the step above `percent` (+1), the one below (-1), or the usual size (0)."""
    if step > 0:
        return min((one for one in _STEPS if one > percent), default=MOST_ZOOM)
    if step < 0:
        return max((one for one in _STEPS if one < percent), default=LEAST_ZOOM)
    return DEFAULT_ZOOM


def zoomed_font(base: QFont, percent: int) -> QFont:
    """Return a font that names nothing but its size: the family stays the one around it."""
    font = QFont()
    font.setResolveMask(0)
    if percent != DEFAULT_ZOOM:
        size = base.pixelSize() if base.pixelSize() > 0 else Size.BODY
        font.setPixelSize(max(1, round(size * percent / 100)))
    return font


def text_scale(font: QFont) -> float:
    """Return how much larger than usual text in `font` is."""
    size = font.pixelSize()
    return size / Size.BODY if size > 0 else 1.0
