"""How the icon of a persona is painted: one of Lapis's own, or a single emoji. GUI thread."""

from typing import TypeGuard, get_args

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QIconEngine, QPainter, QPalette, QPixmap

from desktop.ui.icons import IconName, icon, icon_pixmap

__all__ = ["paint_persona", "persona_icon"]

_EMOJI_PART = 0.82
_LONGEST = 16


def paint_persona(painter: QPainter, place: QRect, sign: str, ink: QColor, font: QFont) -> None:
    """Paint `sign` into the square `place`; an icon of Lapis is tinted with `ink`."""
    if _is_icon(sign):
        scale = painter.device().devicePixelRatioF()
        painter.drawPixmap(place.topLeft(), icon_pixmap(sign, place.width(), ink, scale))
        return
    letter = QFont(font)
    letter.setPixelSize(max(1, round(place.height() * _EMOJI_PART)))
    painter.setFont(letter)
    painter.setPen(ink)
    # A cluster of code points is one picture; what is longer than any is cut.
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine
    painter.drawText(place, flags, sign[:_LONGEST])


def persona_icon(sign: str) -> QIcon:
    """Return the icon for menus and buttons; empty for no sign."""
    if not sign:
        return QIcon()
    return icon(sign, QPalette.ColorRole.ButtonText) if _is_icon(sign) else QIcon(_Emoji(sign))


def _is_icon(sign: str) -> TypeGuard[IconName]:
    return sign in get_args(IconName)


class _Emoji(QIconEngine):
    """Paints a letter for the size and the screen at hand."""

    def __init__(self, sign: str) -> None:
        super().__init__()
        self._sign = sign

    def clone(self) -> QIconEngine:
        return _Emoji(self._sign)

    def paint(self, painter: QPainter, rect: QRect, _mode: QIcon.Mode, _on: QIcon.State) -> None:
        paint_persona(painter, rect, self._sign, painter.pen().color(), painter.font())

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        pixmap.setDevicePixelRatio(scale)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, *_logical(size, scale)), mode, state)
        painter.end()
        return pixmap


def _logical(size: QSize, scale: float) -> tuple[int, int]:
    return round(size.width() / scale), round(size.height() / scale)
