"""What is going on before words come: a calm dot and a line. GUI thread."""

import math
import time

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStyle, QWidget

from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space, tokens_of

__all__ = ["Activity"]

_PERIOD_S = 1.6
_FRAME_MS = 50
_FAINTEST = 0.25
_DOT = 8
_LINE = 22


class Activity(QWidget):
    """A dot that breathes while it is seen, and a line that says what is being done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Say nothing yet."""
        super().__init__(parent)
        self._dot = _Dot()
        self._words = PlainLabel(tone="muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self._dot)
        layout.addWidget(self._words, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def say(self, words: str) -> None:
        """Show `words`; without any, the dot alone."""
        self._words.setText(words)
        self._dot.setAccessibleName(words or self.tr("The model is answering"))


class _Dot(QWidget):
    """Breathes only while it is on the screen, and not at all where animations are off."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(_DOT + 2, _LINE)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._set_breathing()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self.isVisible():
            self._set_breathing()

    def paintEvent(self, _event: QPaintEvent) -> None:
        colour = QColor(tokens_of(self.palette()).accent)
        if self._timer.isActive():
            wave = (1 + math.cos(2 * math.pi * time.monotonic() / _PERIOD_S)) / 2
            colour.setAlphaF(_FAINTEST + (1 - _FAINTEST) * wave)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QRectF(1, (self.height() - _DOT) / 2, _DOT, _DOT))

    def _set_breathing(self) -> None:
        hint = QStyle.StyleHint.SH_Widget_Animation_Duration
        if self.style().styleHint(hint, None, self) > 0:
            self._timer.start()
        else:
            self._timer.stop()
