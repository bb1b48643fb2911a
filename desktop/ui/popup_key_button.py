"""A button at the popup's foot: what it does, and the key that does it. GUI thread."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from desktop.ui.labels import set_tooltip
from desktop.ui.tokens import Radius, Size, Space, resized, tokens_of

__all__ = ["KeyButton"]

_HEIGHT = 28
_SIDE = 8
_KEY_SIDE = 5
_KEY_PART = 4
_GAP = 7


class KeyButton(QAbstractButton):
    """Quiet words with the key beside them; the key itself is bound by the owner."""

    def __init__(self) -> None:
        """Start without words."""
        super().__init__()
        self._keys = ""
        self._shows_keys = True
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def say(self, words: str, keys: QKeySequence, hint: str = "") -> None:
        """Show `words` and the name that `keys` have on this system."""
        self._keys = keys.toString(QKeySequence.SequenceFormat.NativeText)
        self.setText(words)
        self.setAccessibleName(words)
        self.setAccessibleDescription(" · ".join(filter(None, (self._keys, hint))))
        set_tooltip(self, hint)
        self.updateGeometry()
        self.update()

    def show_keys(self, *, shown: bool) -> None:
        """Show the key, or the words alone where there is no room for both."""
        if shown is not self._shows_keys:
            self._shows_keys = shown
            self.updateGeometry()
            self.update()

    def whole_width(self) -> int:
        """Return the width with the key."""
        metrics = QFontMetrics(self._font())
        words = metrics.horizontalAdvance(self.text())
        keys = metrics.horizontalAdvance(self._keys) + 2 * _KEY_SIDE
        return 2 * _SIDE + words + (_GAP + keys if self._keys else 0)

    def sizeHint(self) -> QSize:
        if self._shows_keys:
            return QSize(self.whole_width(), _HEIGHT)
        words = QFontMetrics(self._font()).horizontalAdvance(self.text())
        return QSize(2 * _SIDE + words, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Enter, QEvent.Type.Leave}:
            self.update()
        elif event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = tokens_of(self.palette())
        font = self._font()
        metrics = QFontMetrics(font)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        is_meant = self.isEnabled() and self.underMouse()
        if is_meant:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.pressed if self.isDown() else tokens.hover))
            painter.drawRoundedRect(box, Radius.FIELD, Radius.FIELD)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, Radius.FIELD, Radius.FIELD)
        painter.setFont(font)
        colour = QColor(tokens.text if self.isEnabled() else tokens.muted)
        painter.setPen(colour)
        middle = self.height() / 2
        baseline = middle + (metrics.ascent() - metrics.descent()) / 2
        painter.drawText(QPointF(_SIDE, baseline), self.text())
        if not self._keys or not self._shows_keys:
            return
        left = _SIDE + metrics.horizontalAdvance(self.text()) + _GAP
        width = metrics.horizontalAdvance(self._keys) + 2 * _KEY_SIDE
        high = metrics.height() + _KEY_PART
        cap = QRectF(left + 0.5, middle - high / 2 + 0.5, width - 1, high - 1)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(cap, Space.XS, Space.XS)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, self._keys)

    def _font(self) -> QFont:
        return resized(self.font(), Size.SMALL)
