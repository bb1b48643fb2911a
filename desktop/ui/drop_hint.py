"""A dashed frame over a page while a file is held above it. GUI thread."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop.ui.tokens import Radius, Size, Space, resized, tokens_of

__all__ = ["DropHint"]

_VEIL = 0.88


class DropHint(QWidget):
    """Covers its parent when shown, and lets everything through."""

    def __init__(self, parent: QWidget) -> None:
        """Start unseen."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._parent = parent
        self._is_model = True
        parent.installEventFilter(self)
        self.hide()

    def appear(self, *, is_model: bool = True) -> None:
        """Cover the parent; `is_model` says what is held, a model or something to ask about."""
        self._is_model = is_model
        self.setGeometry(self._parent.rect())
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._parent.rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = tokens_of(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(tokens.canvas)
        veil.setAlphaF(_VEIL)
        painter.fillRect(self.rect(), veil)
        frame = QRectF(self.rect()).adjusted(Space.L, Space.L, -Space.L, -Space.L)
        painter.setPen(QPen(QColor(tokens.accent), 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(tokens.tint))
        painter.drawRoundedRect(frame, Radius.POPUP, Radius.POPUP)
        font = resized(self.font(), Size.TITLE)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(tokens.accent))
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, self._words())

    def _words(self) -> str:
        if self._is_model:
            return self.tr("Drop the model here")
        return self.tr("Drop it here to ask about it")
