"""A switch: on or off, drawn like everything else here. GUI thread."""

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox

from desktop.ui.tokens import tokens_of

__all__ = ["Switch"]

_TALL = 20
_WIDE = 36
_RING = 3
_KNOB = 14


class Switch(QCheckBox):
    """Says nothing itself: the words stand beside it, and in its accessible name."""

    def __init__(self) -> None:
        """Start off."""
        super().__init__()
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(_WIDE + 2 * _RING, _TALL + 2 * _RING)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """Take the whole for the switch."""
        return self.rect().contains(pos)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens, on = tokens_of(self.palette()), self.isChecked()
        box = QRectF(_RING, (self.height() - _TALL) / 2, _WIDE, _TALL)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent if on else tokens.muted))
        painter.drawRoundedRect(box, _TALL / 2, _TALL / 2)
        margin = (_TALL - _KNOB) / 2
        left = box.right() - margin - _KNOB if on else box.left() + margin
        painter.setBrush(QColor(tokens.on_accent if on else tokens.surface))
        painter.drawEllipse(QRectF(left, box.top() + margin, _KNOB, _KNOB))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRoundedRect(box.adjusted(-2, -2, 2, 2), _TALL / 2 + 2, _TALL / 2 + 2)
