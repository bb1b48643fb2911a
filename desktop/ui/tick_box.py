"""A box to tick, drawn like everything else here. GUI thread."""

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox

from desktop.ui.icons import icon_pixmap
from desktop.ui.tokens import Space, tokens_of

__all__ = ["TickBox"]

_SIDE = 18
_TICK = 16
_CORNER = 5
_RING = 3


class TickBox(QCheckBox):
    """One line of plain words beside the box, which begin `INDENT` pixels from its left edge."""

    INDENT = _RING + _SIDE + Space.S

    def __init__(self) -> None:
        """Start unticked."""
        super().__init__()
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        wide = _RING + _SIDE + Space.S + metrics.horizontalAdvance(self.text()) + Space.XS
        return QSize(wide, max(_SIDE, metrics.height()) + 2 * _RING)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """Take the words for the box."""
        return QRect(QPoint(0, 0), self.sizeHint()).contains(pos)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = tokens_of(self.palette())
        top = (self.height() - _SIDE) / 2
        box = QRectF(_RING, top, _SIDE, _SIDE).adjusted(0.5, 0.5, -0.5, -0.5)
        ticked = self.isChecked()
        painter.setPen(QPen(QColor(tokens.accent if ticked else tokens.muted), 1))
        painter.setBrush(QColor(tokens.accent if ticked else tokens.surface))
        painter.drawRoundedRect(box, _CORNER, _CORNER)
        if ticked:
            ink, scale = QColor(tokens.on_accent), self.devicePixelRatioF()
            inset = (_SIDE - _TICK) // 2
            place = QPoint(_RING + inset, round(top) + inset)
            painter.drawPixmap(place, icon_pixmap("check", _TICK, ink, scale))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            ring = box.adjusted(-2, -2, 2, 2)
            painter.drawRoundedRect(ring, _CORNER + 2, _CORNER + 2)
        painter.setPen(QColor(tokens.text))
        words = self.rect().adjusted(_RING + _SIDE + Space.S, 0, 0, 0)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(words, flags, self.text())
