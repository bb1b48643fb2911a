"""The list of chats itself: which keys mean what, and dragging. GUI thread."""

from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtCore import (
    QEvent,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QApplication,
    QListView,
    QWidget,
)
from shiboken6 import isValid

from desktop.ui.chat_delegate import ChatDelegate, inset_of, row_place
from desktop.ui.chat_list import ChatList
from desktop.ui.chat_places import Box, Drop, Line, Mark, chat_drop, folder_drop
from desktop.ui.chat_rows import ArchiveRow, Area, ChatRow, FolderRow, Row
from desktop.ui.tokens import Radius, Space, tokens_of

__all__ = ["ChatView"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_OURS = "application/x-lapis-line"


class ChatView(QListView):
    """Shows a `ChatList`; every signal carries what its line stands for."""

    walked = Signal()
    """The keys moved on to another line."""
    entered_by_key = Signal(object)
    """(Row): Enter was pressed upon it."""
    opened = Signal(object, bool)
    """(Row, open): a folder or the archive is to be opened or closed."""
    delete_pressed = Signal(object)
    """(Row)"""
    stepped = Signal(object, int)
    """(Row, step): it is to be moved up (-1) or down (1)."""
    dropped = Signal(object, object)
    """(Row, ChatPlace or FolderPlace): it was dragged there."""
    editing_ended = Signal()

    def __init__(self, model: ChatList, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._dragged: Row | None = None
        self._drop: Drop | None = None
        self._before: QWidget | None = None
        self.setModel(model)
        self.setFrameShape(QListView.Shape.NoFrame)
        self._painter = ChatDelegate(self)
        self.setItemDelegate(self._painter)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setTabKeyNavigation(False)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(False)
        self.setAutoScroll(True)

    def set_compact(self, *, compact: bool) -> None:
        """Show rows closer together, or as usual."""
        if compact != self._painter.is_compact:
            self._painter.is_compact = compact
            self.scheduleDelayedItemsLayout()

    @property
    def is_editing(self) -> bool:
        """Whether a title or a name is being typed."""
        return self.state() == QAbstractItemView.State.EditingState

    def rename(self, index: QModelIndex) -> None:
        """Let another title or name be typed; the keyboard goes back to who has it now."""
        if not self.is_editing:
            self._before = QApplication.focusWidget()
        self.scrollTo(index)
        self.edit(index)

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """Give the keyboard back; Tab does as Enter, and does not go on with the next line."""
        end = QAbstractItemDelegate.EndEditHint
        if hint in {end.EditNextItem, end.EditPreviousItem}:
            hint = end.SubmitModelCache
        super().closeEditor(editor, hint)
        # Whoever ended it by going elsewhere, which is no hint, has the keyboard already.
        if hint is not end.NoHint:
            before, self._before = self._before, None
            if self.hasFocus() and before is not None and isValid(before):
                before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.editing_ended.emit()

    def dataChanged(self, first: _Index, last: _Index, roles: Sequence[int] = ()) -> None:
        """Paint again, and no more: a list of Qt's lays all lines out anew for each change."""
        QAbstractItemView.dataChanged(self, first, last, roles)

    # Pointer and keys.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Leave the marked row alone when another one is asked for its menu."""
        if event.button() == Qt.MouseButton.RightButton:
            event.accept()
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, F2 renames, Delete deletes, arrows move; letters are not for the list."""
        if self.is_editing:
            # What the field of a title leaves over, as Enter, is not meant for the list.
            event.accept()
            return
        row = self._model.row(self.currentIndex())
        alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if row is not None:
                self.entered_by_key.emit(row)
            case Qt.Key.Key_Delete if row is not None:
                self.delete_pressed.emit(row)
            case Qt.Key.Key_F2:
                self.rename(self.currentIndex())
            case Qt.Key.Key_Left | Qt.Key.Key_Right as key if not alt:
                self._turn(row, is_open=key == Qt.Key.Key_Right)
            case Qt.Key.Key_Space if isinstance(row, FolderRow | ArchiveRow):
                self._turn(row, is_open=not _is_open(row))
            case Qt.Key.Key_Up | Qt.Key.Key_Down as key if alt:
                if row is not None:
                    self.stepped.emit(row, -1 if key == Qt.Key.Key_Up else 1)
            case _ if event.text().strip() and event.text().isprintable():
                event.ignore()
            case _:
                before = self.currentIndex()
                super().keyPressEvent(event)
                if self.currentIndex() != before:
                    self.walked.emit()

    def _turn(self, row: Row | None, *, is_open: bool) -> None:
        """Open or close what `row` stands for, or go to the folder that a chat is in."""
        match row:
            case FolderRow() | ArchiveRow():
                if _is_open(row) != is_open:
                    self.opened.emit(row, is_open)
            case ChatRow(chat, Area.FOLDER) if not is_open:
                self._walk_to(self._model.index_of_folder(chat.folder))
            case ChatRow(_, Area.ARCHIVE) if not is_open:
                self._walk_to(self._model.index_like(ArchiveRow(0, is_open=True)))
            case _:
                pass

    def _walk_to(self, index: QModelIndex) -> None:
        self.setCurrentIndex(index)
        self.walked.emit()

    # Dragging. Qt's own would take the row out of the model after a drop.

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Carry the line under the pointer."""
        index = self.currentIndex()
        row = self._model.row(index)
        if row is None or not index.flags() & Qt.ItemFlag.ItemIsDragEnabled:
            return
        data = QMimeData()
        data.setData(_OURS, b"")
        drag = QDrag(self)
        drag.setMimeData(data)
        picture, place = self._picture(index)
        drag.setPixmap(picture)
        drag.setHotSpot(self.viewport().mapFromGlobal(self.cursor().pos()) - place)
        self._dragged = row
        try:
            drag.exec(Qt.DropAction.MoveAction)
        finally:
            self._dragged = None
            self._show_drop(None)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take only what was picked up here; files are for the window."""
        if self._dragged is not None and event.mimeData().hasFormat(_OURS):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Show what letting go here would do."""
        if self._dragged is None:
            event.ignore()
            return
        # For its scrolling at the edges alone.
        super().dragMoveEvent(event)
        self._show_drop(self._drop_at(event.position().toPoint()))
        if self._drop is not None:
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._show_drop(None)

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell where the line was let go."""
        row, drop = self._dragged, self._drop_at(event.position().toPoint())
        self._show_drop(None)
        self.stopAutoScroll()
        self.setState(QAbstractItemView.State.NoState)
        if row is None or drop is None:
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.MoveAction)
        event.accept()
        self.dropped.emit(row, drop.place)

    def _drop_at(self, place: QPoint) -> Drop | None:
        index = self.indexAt(QPoint(self.viewport().width() // 2, place.y()))
        rows = self._model.rows
        line = index.row() if index.isValid() else len(rows)
        lower = index.isValid() and place.y() > self.visualRect(index).center().y()
        match self._dragged:
            case ChatRow(chat, _):
                return chat_drop(rows, self._model.content, chat, line, lower=lower)
            case FolderRow(folder, _):
                return folder_drop(rows, folder, line, lower=lower)
            case _:
                return None

    def _show_drop(self, drop: Drop | None) -> None:
        if drop != self._drop:
            self._drop = drop
            self.viewport().update()

    def _picture(self, index: QModelIndex) -> tuple[QPixmap, QPoint]:
        """Return the line as it is painted, half seen through, and where it stands."""
        place = row_place(self.visualRect(index))
        whole = self.viewport().grab(place)
        picture = QPixmap(whole.size())
        picture.setDevicePixelRatio(whole.devicePixelRatio())
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setOpacity(0.75)
        painter.drawPixmap(0, 0, whole)
        painter.end()
        return picture, place.topLeft()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the lines, and upon them where a dragged one would go."""
        super().paintEvent(event)
        if self._drop is not None:
            painter = QPainter(self.viewport())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(tokens_of(self.palette()).accent), 2))
            self._paint_mark(painter, self._drop.mark)
            painter.end()

    def _paint_mark(self, painter: QPainter, mark: Mark) -> None:
        match mark:
            case Line(row, is_indented):
                last = min(row, len(self._model.rows) - 1)
                rect = self.visualRect(self._model.index(last))
                y = max(1, rect.top() if row == last else rect.bottom())
                left = Space.L + (inset_of(Area.FOLDER) if is_indented else 0)
                painter.drawEllipse(QPoint(left, y), 3, 3)
                painter.drawLine(left + 3, y, self.viewport().width() - Space.S, y)
            case Box(first, last):
                upper = row_place(self.visualRect(self._model.index(first)))
                lower = row_place(self.visualRect(self._model.index(last)))
                seen = self.viewport().rect().adjusted(0, 1, 0, -1)
                frame = QRect(upper.topLeft(), lower.bottomRight()).intersected(seen)
                box = QRectF(frame).adjusted(1, 1, -1, -1)
                painter.drawRoundedRect(box, Radius.FIELD, Radius.FIELD)

    def showEvent(self, event: QShowEvent) -> None:
        """Show the open chat; before, there was no room to scroll in."""
        super().showEvent(event)
        self.scrollTo(self.currentIndex())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self.scheduleDelayedItemsLayout()


def _is_open(row: FolderRow | ArchiveRow) -> bool:
    return row.folder.is_open if isinstance(row, FolderRow) else row.is_open
