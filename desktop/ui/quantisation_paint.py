"""The cells of a quantisation's row that are more than words. GUI thread."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter

from desktop.domain.model import FitLevel
from desktop.ui.fit_words import fit_colour, fit_icon, fit_words
from desktop.ui.icons import icon_pixmap
from desktop.ui.quantisation_words import loss_colour, loss_share, loss_words
from desktop.ui.tokens import Space, Tokens

__all__ = ["fit_width", "paint_fit", "paint_loss"]

_ICON = 16
_BAR = 48
_BAR_HEIGHT = 5
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def paint_fit(
    painter: QPainter, level: FitLevel, place: QRect, tokens: Tokens, font: QFont
) -> None:
    """Paint the badge of `level`: an icon and a word in its colour."""
    ink = QColor(fit_colour(level, tokens))
    top = place.top() + (place.height() - _ICON) // 2
    scale = painter.device().devicePixelRatioF()
    painter.drawPixmap(place.left(), top, icon_pixmap(fit_icon(level), _ICON, ink, scale))
    painter.setFont(font)
    painter.setPen(ink)
    painter.drawText(place.adjusted(_ICON + 5, 0, 0, 0), _LEFT, fit_words(level))


def fit_width(level: FitLevel, font: QFont) -> int:
    """Return how wide the badge of `level` is in `font`."""
    return _ICON + 5 + QFontMetrics(font).horizontalAdvance(fit_words(level))


def paint_loss(painter: QPainter, loss: float | None, place: QRect, tokens: Tokens) -> int:
    """Paint a bar (where it was measured) and words in the pen of `painter`; return their width."""
    left = place.left()
    if loss is not None:
        bar = QRectF(left, place.center().y() - _BAR_HEIGHT / 2 + 1, _BAR, _BAR_HEIGHT)
        ink = painter.pen()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.line))
        painter.drawRoundedRect(bar, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
        bar.setWidth(max(float(_BAR_HEIGHT), _BAR * loss_share(loss)))
        painter.setBrush(QColor(loss_colour(loss, tokens)))
        painter.drawRoundedRect(bar, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
        painter.setPen(ink)
        left += _BAR + Space.S
    room = place.adjusted(left - place.left(), 0, -Space.XS, 0)
    metrics = QFontMetrics(painter.font())
    shown = metrics.elidedText(loss_words(loss), Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, _LEFT, shown)
    return left - place.left() + metrics.horizontalAdvance(shown)
