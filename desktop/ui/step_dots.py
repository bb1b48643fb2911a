"""Which of a few steps one is at, as dots in a row. GUI thread."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.ui.tokens import tokens_of

__all__ = ["StepDots"]

_DOT = 8
_LONG = 22
_GAP = 8


class StepDots(QWidget):
    """The present step is longer than the others; screen readers hear its number."""

    def __init__(self, count: int) -> None:
        """Start at the first of `count` steps."""
        super().__init__()
        self._count = count
        self._step = 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._say()

    def show_step(self, step: int) -> None:
        """Mark `step`, from 0."""
        self._step = step
        self._say()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_LONG + (self._count - 1) * (_DOT + _GAP), _DOT)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = tokens_of(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        left = 0.0
        for step in range(self._count):
            here = step == self._step
            wide = _LONG if here else _DOT
            painter.setBrush(QColor(tokens.accent if here else tokens.handle))
            painter.drawRoundedRect(QRectF(left, 0, wide, _DOT), _DOT / 2, _DOT / 2)
            left += wide + _GAP

    def _say(self) -> None:
        words = self.tr("Step {step} of {count}")
        self.setAccessibleName(words.format(step=self._step + 1, count=self._count))
