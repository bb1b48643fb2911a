"""How a row of the sidebar is painted: plain text, never markup. GUI thread."""

from typing import TypeAlias

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.ui.chat_list import ChatRole
from desktop.ui.tokens import Radius, Size, Space, tokens_of

__all__ = ["ChatDelegate"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_DOT = 3.0


class ChatDelegate(QStyledItemDelegate):
    """Headings small and muted, chats as rounded rows, a dot where an answer is being written."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Return the height of a row in the font of now."""
        height = QFontMetrics(option.font).height()
        if index.data(ChatRole.CHAT) is None:
            return QSize(0, height + Space.XL - Space.XS)
        return QSize(0, height + Space.L - 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint one row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        if index.data(ChatRole.CHAT) is None:
            _paint_heading(painter, option, text)
        else:
            _paint_chat(painter, option, text, running=bool(index.data(ChatRole.RUNNING)))
        painter.restore()

    def createEditor(
        self, parent: QWidget, _option: QStyleOptionViewItem, _index: _Index
    ) -> QWidget:
        """Return the field in which a chat is renamed."""
        editor = QLineEdit(parent)
        editor.setMaxLength(200)
        editor.setAccessibleName(self.tr("Title of the chat"))
        return editor

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        """Start with the present title, all of it selected."""
        if isinstance(editor, QLineEdit):
            editor.setText(str(index.data(Qt.ItemDataRole.EditRole)))
            editor.selectAll()

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, _index: _Index
    ) -> None:
        """Lay the field over the row."""
        editor.setGeometry(_row(option))


def _row(option: QStyleOptionViewItem) -> QRect:
    return option.rect.adjusted(Space.S, 1, -Space.S, -1)


def _paint_heading(painter: QPainter, option: QStyleOptionViewItem, text: str) -> None:
    font = QFont(option.font)
    font.setPixelSize(Size.SMALL)
    font.setWeight(QFont.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(QColor(tokens_of(option.palette).muted))
    place = option.rect.adjusted(Space.L, 0, -Space.L, -Space.XS)
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, text)


def _paint_chat(
    painter: QPainter, option: QStyleOptionViewItem, text: str, *, running: bool
) -> None:
    tokens = tokens_of(option.palette)
    state = option.state
    row = _row(option)
    if state & QStyle.StateFlag.State_Selected:
        _fill(painter, row, tokens.pressed)
    elif state & QStyle.StateFlag.State_MouseOver:
        _fill(painter, row, tokens.hover)
    if _is_focused_by_key(state):
        painter.setPen(QColor(tokens.accent))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(row).adjusted(1, 1, -1, -1), Radius.FIELD, Radius.FIELD)
    place = row.adjusted(Space.S, 0, -Space.S, 0)
    if running:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent))
        centre = QRectF(place).adjusted(0, 0, -_DOT, 0)
        painter.drawEllipse(QRectF(centre.right() - _DOT, centre.center().y() - _DOT, 6, 6))
        place = place.adjusted(0, 0, -Space.L, 0)
    painter.setPen(QColor(tokens.text))
    shown = QFontMetrics(option.font).elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    painter.setFont(option.font)
    painter.drawText(place, align | Qt.TextFlag.TextSingleLine, shown)


def _is_focused_by_key(state: QStyle.StateFlag) -> bool:
    flag = QStyle.StateFlag
    wanted = flag.State_HasFocus | flag.State_Active | flag.State_KeyboardFocusChange
    return state & wanted == wanted


def _fill(painter: QPainter, row: QRect, colour: str) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(row, Radius.FIELD, Radius.FIELD)
