"""One repository that a search found, as a row to press. GUI thread."""

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desktop.domain import quantities
from desktop.domain.repository import Gate, SearchHit
from desktop.ui.icons import IconName, icon_pixmap
from desktop.ui.labels import set_tooltip
from desktop.ui.links import visible
from desktop.ui.tokens import Radius, Size, Space, resized, tokens_of
from desktop.ui.translation import listed

__all__ = ["HitRow", "compact"]

_PAD = 14
_ICON = 14
_GAP = 16
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class HitRow(QAbstractButton):
    """Name and owner above, numbers below: everything from outside, so painted as plain text."""

    opened = Signal(object)
    """(SearchHit)"""

    def __init__(self, hit: SearchHit, parent: QWidget | None = None) -> None:
        """Show `hit`."""
        super().__init__(parent)
        self._hit = hit
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda: self.opened.emit(self._hit))
        self._say()

    @property
    def hit(self) -> SearchHit:
        """What is shown."""
        return self._hit

    def sizeHint(self) -> QSize:
        name, small = QFontMetrics(self._name_font()), QFontMetrics(self._small_font())
        return QSize(320, 2 * _PAD + name.height() + Space.XS + small.height() - 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = tokens_of(self.palette())
        ring = self.hasFocus()
        inset = 1.0 if ring else 0.5
        lively = self.underMouse()
        painter.setBrush(QColor(tokens.pressed if self.isDown() else tokens.surface))
        line = tokens.accent if ring else tokens.handle if lively else tokens.line
        painter.setPen(QPen(QColor(line), 2 if ring else 1))
        room = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(room, Radius.CARD, Radius.CARD)
        self._paint_name(painter)
        self._paint_numbers(painter)
        chevron = icon_pixmap(
            "chevron-right", _ICON + 2, QColor(tokens.muted), self.devicePixelRatioF()
        )
        painter.drawPixmap(
            self.width() - _PAD - _ICON - 2, (self.height() - _ICON - 2) // 2, chevron
        )

    def _paint_name(self, painter: QPainter) -> None:
        tokens = tokens_of(self.palette())
        bold, plain = self._name_font(), QFont(self.font())
        owner, _, name = visible(self._hit.name).rpartition("/")
        metrics = QFontMetrics(bold)
        room = QRect(_PAD, _PAD - 2, self._room(), metrics.height())
        painter.setFont(bold)
        painter.setPen(QColor(tokens.text))
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, _LEFT, shown)
        rest = room.adjusted(metrics.horizontalAdvance(shown) + Space.S, 0, 0, 0)
        if owner and rest.width() > _GAP:
            painter.setFont(plain)
            painter.setPen(QColor(tokens.muted))
            cut = QFontMetrics(plain).elidedText(owner, Qt.TextElideMode.ElideRight, rest.width())
            painter.drawText(rest, _LEFT, cut)

    def _paint_numbers(self, painter: QPainter) -> None:
        tokens = tokens_of(self.palette())
        font = self._small_font()
        metrics = QFontMetrics(font)
        painter.setFont(font)
        top = self.height() - _PAD + 2 - metrics.height()
        left, right = _PAD, _PAD + self._room()
        for mark, words in self._numbers():
            wide = metrics.horizontalAdvance(words) + (_ICON + Space.XS if mark else 0)
            if left + wide > right:
                break
            ink = QColor(tokens.warn if mark == "lock" else tokens.muted)
            if mark is not None:
                above = top + (metrics.height() - _ICON) // 2
                pixmap = icon_pixmap(mark, _ICON, ink, self.devicePixelRatioF())
                painter.drawPixmap(left, above, pixmap)
                left += _ICON + Space.XS
                wide -= _ICON + Space.XS
            painter.setPen(ink)
            painter.drawText(QRect(left, top, wide + 2, metrics.height()), _LEFT, words)
            left += wide + _GAP

    def _room(self) -> int:
        return max(1, self.width() - 2 * _PAD - _ICON - Space.M)

    def _numbers(self) -> list[tuple[IconName | None, str]]:
        hit = self._hit
        found: list[tuple[IconName | None, str]] = []
        if hit.gate is not Gate.OPEN:
            found.append(("lock", self.tr("Terms to accept")))
        if hit.parameters:
            found.append(("chip", quantities.parameters(hit.parameters)))
        found.extend((("download", compact(hit.downloads)), ("heart", compact(hit.likes))))
        if hit.context_length:
            found.append((None, quantities.tokens(hit.context_length)))
        if hit.updated:
            found.append((None, visible(hit.updated[:10])))
        return found

    def _say(self) -> None:
        hit = self._hit
        self.setAccessibleName(visible(hit.name))
        parts = [
            self.tr("{count} downloads").format(count=compact(hit.downloads)),
            self.tr("{count} likes").format(count=compact(hit.likes)),
        ]
        if hit.parameters:
            size = quantities.parameters(hit.parameters)
            parts.append(self.tr("{count} parameters").format(count=size))
        if hit.gate is not Gate.OPEN:
            parts.append(self.tr("Terms to accept"))
        about = listed(parts)
        self.setAccessibleDescription(about)
        set_tooltip(self, "\n".join((visible(hit.name), about)))

    def _name_font(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _small_font(self) -> QFont:
        return resized(self.font(), Size.SMALL)


def compact(count: int) -> str:
    """Return a count in a few characters: 812, 34k, 1.2M."""
    for unit, letter in ((10**6, "M"), (10**3, "k")):
        if count >= unit:
            value = count / unit
            return (
                f"{value:.1f}".removesuffix(".0") + letter if value < 10 else f"{value:.0f}{letter}"
            )
    return str(count)
