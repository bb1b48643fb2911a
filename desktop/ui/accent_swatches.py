"""The accent colours as round swatches, one of them chosen. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QWidget

from desktop.domain.settings import Accent
from desktop.ui.icons import icon_pixmap
from desktop.ui.labels import set_tooltip
from desktop.ui.tokens import DARK, LIGHT, Space, tokens_of, with_accent

__all__ = ["AccentSwatches"]

_SIDE = 28
_DOT = 20
_TICK = 14


class AccentSwatches(QWidget):
    """Arrows go from one to the next; the chosen one has a tick."""

    chosen = Signal(object)
    """(Accent)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a choice."""
        super().__init__(parent)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        for number, accent in enumerate(Accent):
            swatch = _Swatch(accent)
            self._group.addButton(swatch, number)
            row.addWidget(swatch)
        self._group.idClicked.connect(lambda number: self.chosen.emit(list(Accent)[number]))

    def set_choices(
        self, purpose: str, choices: Sequence[tuple[Accent, str]], value: Accent
    ) -> None:
        """Name the colours, and mark `value`; `purpose` names the whole."""
        self.setAccessibleName(purpose)
        for number, (accent, words) in enumerate(choices):
            button = self._group.button(number)
            if button is not None:
                button.setAccessibleName(words)
                set_tooltip(button, words)
                button.setChecked(accent is value)


class _Swatch(QAbstractButton):
    """One colour, as it is in the theme in use."""

    def __init__(self, accent: Accent) -> None:
        super().__init__()
        self._accent = accent
        self.setCheckable(True)
        self.setFixedSize(_SIDE, _SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(_SIDE, _SIDE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        now = tokens_of(self.palette())
        tokens = with_accent(LIGHT if now.name == LIGHT.name else DARK, self._accent)
        inset = (_SIDE - _DOT) / 2
        dot = QRectF(inset, inset, _DOT, _DOT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent))
        painter.drawEllipse(dot)
        if self.isChecked():
            place = QPoint((_SIDE - _TICK) // 2, (_SIDE - _TICK) // 2)
            ink, scale = QColor(tokens.on_accent), self.devicePixelRatioF()
            painter.drawPixmap(place, icon_pixmap("check", _TICK, ink, scale))
        if self.hasFocus() or self.isChecked() or self.underMouse():
            ring = (
                now.text if self.hasFocus() else tokens.accent if self.isChecked() else now.handle
            )
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(ring), 2))
            painter.drawEllipse(dot.adjusted(-3, -3, 3, 3))
