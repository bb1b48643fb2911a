"""The list that opens above the composer while a prompt ("/") or a model ("@") is called.

It never takes the focus: the typing goes on in the field, which hands it the keys. GUI thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.icons import IconName, icon_pixmap
from desktop.ui.tokens import Radius, Size, Space, resized, tokens_of
from desktop.ui.translation import listed

__all__ = ["CallItem", "CallList"]

_MOST_ROWS = 8
_ROW = 34
_WIDEST = 560
_GAP = 6
_ICON = 18
_ITEM = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class CallItem:
    """A line: what it is called, a word about it, and whatever it stands for."""

    value: object
    title: str
    about: str = ""
    icon: IconName | None = None


class CallList(QFrame):
    """Shows items above `anchor`; arrows choose, Enter and Tab take, Esc closes."""

    taken = Signal(object)
    """(value of the item)"""

    def __init__(self, anchor: QWidget) -> None:
        """Wait, unseen."""
        super().__init__(anchor.window())
        self._anchor = anchor
        self.setProperty("panel", "popover")
        self.hide()
        self._model = QStandardItemModel(self)
        self._view = QListView()
        self._view.setModel(self._model)
        self._view.setItemDelegate(_Delegate(self._view))
        self._view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setMouseTracking(True)
        self._view.setUniformItemSizes(True)
        self._view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._view.clicked.connect(self._on_clicked)
        self._view.entered.connect(self._view.setCurrentIndex)
        column = QVBoxLayout(self)
        column.setContentsMargins(_GAP, _GAP, _GAP, _GAP)
        column.addWidget(self._view)

    def offer(self, items: Sequence[CallItem], label: str) -> None:
        """Show `items`, the first one chosen; without any there is nothing to see."""
        self._model.clear()
        for item in items:
            row = QStandardItem(item.title)
            row.setData(item, _ITEM)
            row.setAccessibleText(listed((item.title, item.about)))
            self._model.appendRow(row)
        self._view.setAccessibleName(label)
        self.setVisible(bool(items))
        if items:
            self._view.setCurrentIndex(self._model.index(0, 0))
            self._place()
            self.raise_()

    def take_key(self, event: QKeyEvent) -> bool:
        """Use the key if it is one for a list that is open."""
        if not self.isVisible() or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        match event.key():
            case Qt.Key.Key_Up:
                self._step(-1)
            case Qt.Key.Key_Down:
                self._step(1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Tab:
                self._on_clicked(self._view.currentIndex())
            case Qt.Key.Key_Escape:
                self.hide()
            case _:
                return False
        return True

    def _step(self, by: int) -> None:
        row = (self._view.currentIndex().row() + by) % max(1, self._model.rowCount())
        self._view.setCurrentIndex(self._model.index(row, 0))

    def _on_clicked(self, index: QModelIndex) -> None:
        item = index.data(_ITEM)
        if isinstance(item, CallItem):
            self.hide()
            self.taken.emit(item.value)

    def _place(self) -> None:
        """Stand upon the anchor, as wide as it, no wider than can be read."""
        around = self._anchor.window()
        if self.parentWidget() is not around:
            self.setParent(around)
            self.show()
        rows = min(_MOST_ROWS, self._model.rowCount())
        width = min(_WIDEST, self._anchor.width())
        height = rows * _row_height(self._view.font()) + 2 * _GAP + 2
        corner = self._anchor.mapTo(around, QPoint(0, 0))
        self.setGeometry(corner.x(), max(0, corner.y() - height - _GAP), width, height)


class _Delegate(QStyledItemDelegate):
    """Title at the left, the word about it muted beside it."""

    def sizeHint(
        self, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(0, _row_height(option.font))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        item = index.data(_ITEM)
        if not isinstance(item, CallItem):
            return
        tokens = tokens_of(option.palette)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(option.rect, Radius.FIELD, Radius.FIELD)
        room = option.rect.adjusted(Space.S, 0, -Space.S, 0)
        if item.icon is not None:
            scale = painter.device().devicePixelRatio()
            picture = icon_pixmap(item.icon, _ICON, QColor(tokens.muted), scale)
            painter.drawPixmap(room.left(), room.center().y() - _ICON // 2 + 1, picture)
            room.setLeft(room.left() + _ICON + Space.S)
        font = QFont(option.font)
        title = _draw(painter, font, QColor(tokens.text), room, item.title)
        room.setLeft(room.left() + title + Space.M)
        _draw(
            painter,
            resized(font, Size.SMALL),
            QColor(tokens.muted),
            room,
            " ".join(item.about.split()),
        )
        painter.restore()


def _draw(painter: QPainter, font: QFont, colour: QColor, room: QRect, words: str) -> int:
    """Write `words` into `room`, cut where it ends; return how wide they are."""
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(0, room.width()))
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    return metrics.horizontalAdvance(shown)


def _row_height(font: QFont) -> int:
    return max(_ROW, QFontMetrics(font).height() + Space.M)
