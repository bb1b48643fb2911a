"""The sign where words leave this computer: an icon, and the fact in three words. GUI thread."""

from collections.abc import Callable
from typing import TypeAlias

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.domain.text import printable, shortened
from desktop.ui.chips import chip_font
from desktop.ui.icons import icon_pixmap
from desktop.ui.labels import set_tooltip
from desktop.ui.tokens import Radius, Space, tokens_of

__all__ = ["Hosts", "LeavesBadge", "nobody"]

Hosts: TypeAlias = Callable[[str], str]
"""From the name of a model to the host that reads what it is asked; empty: it stays here."""

_HEIGHT = 22
_SIDE = 7
_ICON = 14
_LONGEST_HOST = 80


def nobody(_model: str) -> str:
    """Know of no other computer."""
    return ""


class LeavesBadge(QWidget):
    """Hidden while nothing leaves; without `words` it is the icon alone."""

    def __init__(self, *, words: bool = True, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(parent)
        self._host = ""
        self._words = ""
        self._has_words = words
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._say()
        self.hide()

    @property
    def host(self) -> str:
        """Who reads what is asked; empty for nobody."""
        return self._host

    def show_host(self, host: str) -> None:
        """Say that words go to `host`; empty: they stay here."""
        if host != self._host:
            self._host = host
            self._say()
        self.setVisible(bool(host))

    def set_words(self, *, shown: bool) -> None:
        """Show the words too, or the icon alone where there is no room."""
        if shown is not self._has_words:
            self._has_words = shown
            self.updateGeometry()
            self.update()

    def width_with_words(self) -> int:
        """Return how wide it is with its words."""
        metrics = QFontMetrics(chip_font(self.font()))
        return _ICON + Space.XS + metrics.horizontalAdvance(self._words) + 2 * _SIDE

    def sizeHint(self) -> QSize:
        height = max(_HEIGHT, QFontMetrics(chip_font(self.font())).height() + Space.XS)
        return QSize(self.width_with_words() if self._has_words else height + 2, height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language and the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
        elif event.type() == QEvent.Type.FontChange:
            self.updateGeometry()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = tokens_of(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        # In the middle of its place, which may be as high as the buttons beside it.
        high = min(self.height(), self.sizeHint().height())
        pill = QRect(0, (self.height() - high) // 2, self.width(), high)
        painter.drawRoundedRect(pill, Radius.FIELD, Radius.FIELD)
        scale = self.devicePixelRatioF()
        pixmap = icon_pixmap("leaves", _ICON, QColor(tokens.warn), scale)
        left = _SIDE if self._has_words else (self.width() - _ICON) // 2
        painter.drawPixmap(left, (self.height() - _ICON) // 2, pixmap)
        if self._has_words:
            painter.setFont(chip_font(self.font()))
            painter.setPen(QColor(tokens.warn))
            room = self.rect().adjusted(left + _ICON + Space.XS, 0, 0, 0)
            align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(room, align, self._words)

    def _say(self) -> None:
        self._words = self.tr("Leaves this computer")
        host = shortened(printable(self._host), _LONGEST_HOST)
        told = self.tr("What you ask, and the chat it stands in, is read by {host}.")
        self.setAccessibleName(self._words)
        self.setAccessibleDescription(told.format(host=host))
        set_tooltip(self, told.format(host=host))
        self.updateGeometry()
        self.update()
