"""A dashed frame over a page while a file is held above it. GUI thread."""

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop.ui.icons import IconName, icon_pixmap
from desktop.ui.tokens import Radius, Size, Space, Tokens, resized, tokens_of

__all__ = ["DropHint"]

_VEIL = 0.85
_AT_THE_END = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


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
        frame = QRectF(self.rect()).adjusted(Space.S, Space.S, -Space.S, -Space.S)
        painter.setPen(QPen(QColor(tokens.accent), 1.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(frame, Radius.POPUP, Radius.POPUP)
        self._paint_words(painter, tokens)

    def _paint_words(self, painter: QPainter, tokens: Tokens) -> None:
        """Paint what letting go would do, on a ground of its own: the page shows through."""
        words = self._words()
        font = resized(self.font(), Size.TITLE)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        inside = QRect(0, 0, Size.ICON + Space.S + metrics.horizontalAdvance(words), Size.ICON)
        inside.setHeight(max(inside.height(), metrics.height()))
        inside.moveCenter(self.rect().center())
        ground = QRectF(inside).adjusted(-Space.L, -Space.M, Space.L, Space.M)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(QColor(tokens.surface))
        painter.drawRoundedRect(ground, Radius.CARD, Radius.CARD)
        accent = QColor(tokens.accent)
        name: IconName = "box" if self._is_model else "file"
        picture = icon_pixmap(name, Size.ICON, accent, self.devicePixelRatioF())
        top = inside.top() + (inside.height() - Size.ICON) // 2
        painter.drawPixmap(inside.left(), top, picture)
        painter.setPen(accent)
        painter.drawText(inside, _AT_THE_END, words)

    def _words(self) -> str:
        if self._is_model:
            return self.tr("Drop the model here")
        return self.tr("Drop it here to ask about it")
