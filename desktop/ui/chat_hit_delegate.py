"""How a line of what was found is painted: plain text with the words marked. GUI thread."""

from typing import TypeAlias

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.ui.chat_delegate import paint_ground
from desktop.ui.chat_hits import FoundChat, FoundPlace, HitRole, role_words
from desktop.ui.marked_text import MarkedText, paint_marked, shown_part
from desktop.ui.row_paint import small_font
from desktop.ui.tokens import Space, tokens_of

__all__ = ["ChatHitDelegate"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_LINES = 2
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine


class ChatHitDelegate(QStyledItemDelegate):
    """A chat is one line in bold; a place in it is who and when, and two lines of what."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Return the height of a row in the font of now."""
        if isinstance(index.data(HitRole.ROW), FoundChat):
            return QSize(0, QFontMetrics(option.font).height() + Space.L)
        line = QFontMetrics(small_font(option.font)).height()
        return QSize(0, (1 + _LINES) * line + Space.L)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint one row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marked = bool(option.state & QStyle.StateFlag.State_Selected)
        place = paint_ground(painter, option, marked=marked)
        when = str(index.data(HitRole.AGO))
        match index.data(HitRole.ROW):
            case FoundChat() as found:
                _paint_chat(painter, option, place, found, when)
            case FoundPlace() as found:
                _paint_place(painter, option, place, found, when)
        painter.restore()


def _paint_chat(
    painter: QPainter, option: QStyleOptionViewItem, place: QRect, found: FoundChat, when: str
) -> None:
    tokens = tokens_of(option.palette)
    strong = QFont(option.font)
    strong.setWeight(QFont.Weight.DemiBold)
    small = small_font(option.font)
    painter.setFont(small)
    painter.setPen(QColor(tokens.muted))
    painter.drawText(place, _RIGHT, when)
    place.setRight(place.right() - QFontMetrics(small).horizontalAdvance(when) - Space.S)
    line = QFontMetrics(strong).height()
    box = QRectF(place.left(), place.top() + (place.height() - line) / 2, place.width(), line)
    shown = shown_part(MarkedText(found.title, found.marks), strong, box.width(), 1)
    paint_marked(painter, box, shown, strong, 1, tokens)


def _paint_place(
    painter: QPainter, option: QStyleOptionViewItem, place: QRect, found: FoundPlace, when: str
) -> None:
    tokens = tokens_of(option.palette)
    small = small_font(option.font)
    line = QFontMetrics(small).height()
    place = place.adjusted(Space.S, Space.S - 2, 0, 0)
    upper = QRect(place.left(), place.top(), place.width(), line)
    painter.setFont(small)
    painter.setPen(QColor(tokens.muted))
    painter.drawText(upper, _LEFT, role_words(found.hit.role))
    painter.drawText(upper, _RIGHT, when)
    lower = QRectF(place.left(), upper.bottom() + 2, place.width(), _LINES * line)
    text = MarkedText(found.hit.snippet, found.hit.marks)
    shown = shown_part(text, small, lower.width(), _LINES)
    paint_marked(painter, lower, shown, small, _LINES, tokens)
