"""How a line of the sidebar is painted: plain text, never markup. GUI thread."""

from typing import TypeAlias

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.domain.history import ChatSummary
from desktop.ui.chat_list import ChatRole
from desktop.ui.chat_rows import (
    ArchiveRow,
    Area,
    ChatRow,
    EmptyRow,
    FolderRow,
    HeadingRow,
    Row,
)
from desktop.ui.icons import IconName, icon_pixmap
from desktop.ui.persona_sign import paint_persona
from desktop.ui.row_paint import paint_row, small_font, write
from desktop.ui.tokens import Space, Tokens, tokens_of

__all__ = ["ChatDelegate", "inset_of", "paint_ground", "row_place"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_DOT = 6
_SIGN = 16
_MARK = 14
_CHEVRON = 14
_INSET = _CHEVRON + Space.XS
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine


class ChatDelegate(QStyledItemDelegate):
    """Headings small and muted, chats and folders as rounded rows; all of one height.

    One height for all, so that the view need not ask thousands of lines for theirs.
    """

    is_compact = False
    """Whether rows are closer together than usual."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the height of a row in the font of now."""
        room = Space.S if self.is_compact else Space.L - 2
        return QSize(0, QFontMetrics(option.font).height() + room)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint one row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        words = str(index.data(Qt.ItemDataRole.DisplayRole))
        row: Row = index.data(ChatRole.ROW)
        match row:
            case HeadingRow():
                _paint_heading(painter, option, words)
            case ChatRow(chat, area):
                is_open = bool(index.data(ChatRole.OPEN))
                place = paint_ground(painter, option, marked=is_open)
                place.setLeft(place.left() + inset_of(area))
                running = bool(index.data(ChatRole.RUNNING))
                _paint_chat(painter, option, place, words, chat, running=running)
            case FolderRow(folder, count):
                sign: IconName = "folder-open" if folder.is_open else "folder"
                _paint_folder(painter, option, words, count, sign, is_open=folder.is_open)
            case ArchiveRow(count, is_open):
                _paint_folder(painter, option, words, count, "archive", is_open=is_open)
            case EmptyRow():
                place = row_place(option.rect).adjusted(Space.S + _INSET, 0, -Space.S, 0)
                write(
                    painter, place, words, small_font(option.font), tokens_of(option.palette).muted
                )
        painter.restore()

    def createEditor(
        self, parent: QWidget, _option: QStyleOptionViewItem, index: _Index
    ) -> QWidget:
        """Return the field in which a chat or a folder is renamed."""
        editor = QLineEdit(parent)
        editor.setMaxLength(200)
        is_folder = isinstance(index.data(ChatRole.ROW), FolderRow)
        name = self.tr("Name of the folder") if is_folder else self.tr("Title of the chat")
        editor.setAccessibleName(name)
        return editor

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        """Start with the present words, all of them selected; what is typed already stays."""
        if isinstance(editor, QLineEdit) and not editor.isModified():
            editor.setText(str(index.data(Qt.ItemDataRole.EditRole)))
            editor.selectAll()

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, _index: _Index
    ) -> None:
        """Lie upon the row."""
        editor.setGeometry(row_place(option.rect))


def row_place(rect: QRect) -> QRect:
    """Return the rounded part of a row."""
    return rect.adjusted(Space.S, 1, -Space.S, -1)


def inset_of(area: Area) -> int:
    """Return how far the chats of `area` stand to the right of others, in pixels."""
    return _INSET if area in {Area.FOLDER, Area.ARCHIVE} else 0


def paint_ground(painter: QPainter, option: QStyleOptionViewItem, *, marked: bool) -> QRect:
    """Paint what lies behind a row, and the ring of the focus; return the room for its words."""
    tokens = tokens_of(option.palette)
    row = row_place(option.rect)
    paint_row(painter, row, option.state, tokens, marked=tokens.pressed if marked else "")
    return row.adjusted(Space.S, 0, -Space.S, 0)


def _paint_heading(painter: QPainter, option: QStyleOptionViewItem, words: str) -> None:
    font = small_font(option.font)
    font.setWeight(QFont.Weight.DemiBold)
    place = option.rect.adjusted(Space.L, 0, -Space.L, -Space.XS)
    painter.setFont(font)
    painter.setPen(QColor(tokens_of(option.palette).muted))
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, words)


def _paint_chat(
    painter: QPainter,
    option: QStyleOptionViewItem,
    place: QRect,
    title: str,
    chat: ChatSummary,
    *,
    running: bool,
) -> None:
    tokens = tokens_of(option.palette)
    if running:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent))
        middle = place.center().y() + 1
        dot = QRectF(place.right() - _DOT - 2, middle - _DOT / 2, _DOT, _DOT)
        painter.drawEllipse(dot)
        place.setRight(place.right() - _DOT - Space.S)
    marks: list[IconName] = []
    if chat.temporary:
        marks.append("temporary")
    if chat.pinned:
        marks.append("pin")
    for name in marks:
        box = _square(place, place.right() - _MARK + 1, _MARK)
        _paint_icon(painter, box, name, tokens)
        place.setRight(box.left() - Space.XS)
    if chat.icon:
        box = _square(place, place.left(), _SIGN)
        paint_persona(painter, box, chat.icon, QColor(tokens.muted), option.font)
        place.setLeft(box.right() + Space.S - 1)
    write(painter, place, title, option.font, tokens.text)


def _paint_folder(
    painter: QPainter,
    option: QStyleOptionViewItem,
    name: str,
    count: int,
    sign: IconName,
    *,
    is_open: bool,
) -> None:
    tokens = tokens_of(option.palette)
    place = paint_ground(painter, option, marked=False)
    if sign == "archive":
        painter.fillRect(place.left(), option.rect.top(), place.width(), 1, QColor(tokens.line))
    chevron = _square(place, place.left() - 2, _CHEVRON)
    _paint_icon(painter, chevron, "chevron-down" if is_open else "chevron-right", tokens)
    place.setLeft(place.left() + _INSET - 2)
    box = _square(place, place.left(), _SIGN)
    _paint_icon(painter, box, sign, tokens)
    place.setLeft(box.right() + Space.S - 1)
    small = small_font(option.font)
    number = str(count) if count else ""
    painter.setFont(small)
    painter.setPen(QColor(tokens.muted))
    painter.drawText(place, _RIGHT, number)
    place.setRight(place.right() - QFontMetrics(small).horizontalAdvance(number) - Space.S)
    write(painter, place, name, option.font, tokens.text)


def _paint_icon(painter: QPainter, box: QRect, name: IconName, tokens: Tokens) -> None:
    scale = painter.device().devicePixelRatioF()
    pixmap = icon_pixmap(name, box.width(), QColor(tokens.muted), scale)
    painter.drawPixmap(box.topLeft(), pixmap)


def _square(place: QRect, left: int, side: int) -> QRect:
    return QRect(left, place.top() + (place.height() - side) // 2, side, side)
