"""Grey lines where a message will be, for the blink until it is built. GUI thread."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter

from desktop.domain.chat import Role
from desktop.domain.history import MessageRef
from desktop.ui.tokens import Radius, Tokens

__all__ = ["paint_skeleton"]

_LINE = 10
_STEP = 22
_LENGTHS = (0.96, 0.88, 0.93, 0.7, 0.0)
_BUBBLE = 0.45


def paint_skeleton(
    painter: QPainter, place: QRect, area: QRect, ref: MessageRef, theme: Tokens
) -> None:
    """Paint what lies in `area` of a message that will take `place`."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.raised))
    if ref.role in {Role.USER, Role.SYSTEM}:
        left = place.right() - round(place.width() * _BUBBLE)
        painter.drawRoundedRect(
            place.adjusted(left - place.left(), 0, 0, 0), Radius.CARD, Radius.CARD
        )
        return
    first = max(0, (area.top() - place.top()) // _STEP)
    last = (min(area.bottom(), place.bottom()) - place.top()) // _STEP
    for number in range(first, last + 1):
        width = round(place.width() * _LENGTHS[number % len(_LENGTHS)])
        line = QRect(place.left(), place.top() + number * _STEP, width, _LINE)
        if width and line.bottom() <= place.bottom():
            painter.drawRoundedRect(line, _LINE / 2, _LINE / 2)
