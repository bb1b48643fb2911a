"""The quiet line under an answer: as much of it as fits, and a way to all of it. GUI thread."""

import math

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop.domain.text import printable, shortened
from desktop.ui.icons import icon_pixmap
from desktop.ui.labels import set_tooltip
from desktop.ui.model_words import GAP
from desktop.ui.tokens import Size, Space, resized, tokens_of

__all__ = ["FiguresLine"]

_UNDERLINE = 2
_ICON = 14
_LONGEST_HOST = 80
_LEAST_NAME = 8
"""Letters by which a name can still be told from another."""


class FiguresLine(QAbstractButton):
    """Small muted words that can be clicked.

    Each answer has one, so it is one plain widget, and knows its tooltip only under the pointer.
    """

    focus_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without words."""
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._meaning = ""
        self._host = ""
        self._name = ""
        self._told = ""
        self._size: QSize | None = None

    def say(self, words: str, meaning: str, host: str = "", name: str = "") -> None:
        """Show `words`; `meaning` says what a click brings, `host` is the computer they came from.

        Where that is another one, a sign stands before them. `name` is what they begin with, and
        is cut before any of the others is.
        """
        self._name = name
        self._host = shortened(printable(host), _LONGEST_HOST)
        left = self.tr("Answered by {host}: question and chat left this computer.")
        self._told = left.format(host=self._host) if host else ""
        self._meaning = meaning
        self._size = None
        sign = self.tr("left this computer") if host else ""
        self.setText(GAP.join(part for part in (words, sign) if part and words))
        self.setAccessibleName(self.text() or meaning)
        self.setAccessibleDescription(" ".join(part for part in (meaning, self._told) if part))

    def sizeHint(self) -> QSize:
        """Return the size of all the words; a rounded width would cut the last of them."""
        if self._size is None:
            font = self._font()
            width = math.ceil(QFontMetricsF(font).horizontalAdvance(self.text())) + 1
            self._size = QSize(
                self._sign + width + Space.XS, QFontMetrics(font).height() + 2 * Space.XS
            )
        return self._size

    def shown_text(self) -> str:
        """Return the words as they are painted: a long name is cut first, then the last ones go.

        They go whole, as half a figure is another figure.
        """
        room = self.width() - Space.XS - self._sign
        mode, metrics = Qt.TextElideMode.ElideRight, QFontMetrics(self._font())
        words, name = self.text(), self._name
        over = metrics.horizontalAdvance(words) - room
        if over > 0 and name:
            least = metrics.averageCharWidth() * _LEAST_NAME
            left = max(least, metrics.horizontalAdvance(name) - over)
            words = metrics.elidedText(name, mode, left) + words.removeprefix(name)
        parts = words.split(GAP)
        while len(parts) > 1 and metrics.horizontalAdvance(words) > room:
            parts.pop()
            words = GAP.join((*parts, "…"))
        return metrics.elidedText(words, mode, max(0, room))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._size = None

    def enterEvent(self, event: QEnterEvent) -> None:
        """Tell, where the pointer rests, what was cut off."""
        super().enterEvent(event)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        cut = self.text() if self.shown_text() != self.text() else ""
        set_tooltip(self, "\n".join(line for line in (cut, self._meaning, self._told) if line))
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = tokens_of(self.palette())
        is_meant = self.underMouse() or self.hasFocus()
        painter = QPainter(self)
        painter.setFont(self._font())
        painter.setPen(QColor(tokens.text if is_meant else tokens.muted))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if self._sign:
            scale = self.devicePixelRatioF()
            pixmap = icon_pixmap("leaves", _ICON, QColor(tokens.warn), scale)
            painter.drawPixmap(0, (self.height() - _ICON) // 2, pixmap)
        painter.drawText(self.rect().adjusted(self._sign, 0, 0, 0), align, self.shown_text())
        if self.hasFocus():
            # A ring would need room beside the words, which stand under those of the answer.
            below = (self.height() + self.sizeHint().height()) // 2
            painter.fillRect(
                0, below - _UNDERLINE, self.width() - Space.XS, _UNDERLINE, QColor(tokens.accent)
            )

    @property
    def _sign(self) -> int:
        """How wide the sign is with the gap after it; 0 where there is none."""
        return _ICON + Space.XS if self._host else 0

    def _font(self) -> QFont:
        return resized(self.font(), Size.SMALL)
