"""A quick action as a chip: its key as it is printed on a keyboard, and its name. GUI thread."""

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QWidget

from desktop.domain.quick_action import QuickAction
from desktop.ui.icons import icon_pixmap
from desktop.ui.labels import set_tooltip
from desktop.ui.tokens import Radius, Size, Space, Tokens, resized, tokens_of

__all__ = ["ActionChip"]

_HEIGHT = 28
_CAP = 18
_CAP_RADIUS = 4
_GAP = 6
_SIDE = 5
_ARROW = 14
_WIDEST = 220
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ActionChip(QPushButton):
    """Pressed by its key as well, which its owner takes care of."""

    def __init__(self, action: QuickAction, keys: str, parent: QWidget | None = None) -> None:
        """Show `action`; `keys` is the combination that works while one types, empty for none."""
        super().__init__(parent)
        self.action = action
        # Measured once for each font: the strip asks for it hundreds of times while it is laid out.
        self._size: QSize | None = None
        self._is_letter_enough = True
        self.setProperty("kind", "action")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{action.name} ({keys})" if keys else action.name)
        set_tooltip(self, self.accessibleName())

    @property
    def is_letter_enough(self) -> bool:
        """Whether its letter alone presses it; else that is typed, and the cap is pale."""
        return self._is_letter_enough

    def set_letter_enough(self, enough: bool) -> None:
        """Show whether its letter alone presses it."""
        if enough is not self._is_letter_enough:
            self._is_letter_enough = enough
            self.update()

    def sizeHint(self) -> QSize:
        self.ensurePolished()
        if self._size is None:
            self._size = self._measured()
        return self._size

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._size = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses it, as the space bar does; other keys are for its owner."""
        if event.key() in _ENTER and not event.isAutoRepeat():
            self.click()
        elif event.key() == Qt.Key.Key_Space:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = tokens_of(self.palette())
        self._paint_ground(painter, tokens)
        inner = self.rect().adjusted(_SIDE, 0, -_SIDE, 0)
        if self.action.key:
            cap = QRect(0, 0, self._cap(), self._cap())
            cap.moveCenter(inner.center())
            cap.moveLeft(inner.left())
            self._paint_cap(painter, cap, tokens)
            inner.setLeft(cap.right() + _GAP)
        muted = QColor(tokens.muted)
        if self.action.variants:
            scale = self.devicePixelRatioF()
            pixmap = icon_pixmap("chevron-right", _ARROW, muted, scale)
            top = (self.height() - _ARROW) // 2
            painter.drawPixmap(inner.right() - _ARROW + 3, top, pixmap)
            inner.setRight(inner.right() - _ARROW)
        painter.setFont(self.font())
        painter.setPen(QColor(tokens.text) if self.isEnabled() else muted)
        metrics = QFontMetrics(self.font())
        name = metrics.elidedText(
            self.action.name, Qt.TextElideMode.ElideRight, inner.width() + Space.XS
        )
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inner.adjusted(0, 0, Space.XS, 0), flags, name)

    def _paint_ground(self, painter: QPainter, tokens: Tokens) -> None:
        if not self.isEnabled():
            return
        ground = self.rect().adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isDown():
            painter.setBrush(QColor(tokens.pressed))
        elif self.underMouse():
            painter.setBrush(QColor(tokens.hover))
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
        painter.drawRoundedRect(ground, Radius.FIELD, Radius.FIELD)

    def _paint_cap(self, painter: QPainter, cap: QRect, tokens: Tokens) -> None:
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(QColor(tokens.raised))
        edge = cap.toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(edge, _CAP_RADIUS, _CAP_RADIUS)
        painter.setFont(resized(self.font(), Size.SMALL))
        is_lit = self.isEnabled() and self._is_letter_enough
        painter.setPen(QColor(tokens.accent if is_lit else tokens.muted))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, self.action.key)

    def _measured(self) -> QSize:
        metrics = QFontMetrics(self.font())
        wide = metrics.horizontalAdvance(self.action.name) + 2 * _SIDE + Space.XS
        if self.action.key:
            wide += self._cap() + _GAP
        if self.action.variants:
            wide += _ARROW
        return QSize(min(_WIDEST, wide), max(_HEIGHT, metrics.height() + Space.S))

    def _cap(self) -> int:
        metrics = QFontMetrics(resized(self.font(), Size.SMALL))
        return max(_CAP, metrics.height() + 2)
