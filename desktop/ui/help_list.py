"""The topics of help at the left of its window, or the places that hold what is searched for.

GUI thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.ui.chat_delegate import paint_ground
from desktop.ui.icons import IconName, icon_pixmap
from desktop.ui.row_paint import small_font, write
from desktop.ui.tokens import Space, tokens_of
from desktop.ui.translation import listed

__all__ = ["HelpList", "HelpRow"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_ROW: Final = Qt.ItemDataRole.UserRole
_NO_PARENT: Final = QModelIndex()
_SIGN: Final = 18
_SIGNS: Final = MappingProxyType[str, IconName](
    {
        "start": "compass",
        "install": "download",
        "models": "models",
        "fit": "memory",
        "window": "chat",
        "popup": "spark",
        "keys": "keyboard",
        "servers": "server",
        "api": "plug",
        "terminal": "code",
        "privacy": "shield",
        "trouble": "warning",
    }
)


@dataclass(frozen=True, slots=True)
class HelpRow:
    """A topic, or with a `heading` a place in its page; `title` is that of the page."""

    topic: str
    title: str
    heading: str = ""


class HelpList(QListView):
    """One row is always chosen while there are any."""

    chosen = Signal(object)
    """(HelpRow)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._rows = _Rows(self)
        self.setModel(self._rows)
        self.setItemDelegate(_Painter(self))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.selectionModel().currentChanged.connect(self._on_current)

    def show_rows(self, rows: Sequence[HelpRow], *, chosen: int = 0) -> None:
        """Show others, the one with the number `chosen` chosen; tells nobody."""
        self.selectionModel().blockSignals(True)
        self._rows.show(rows)
        self.setCurrentIndex(self._rows.index(chosen, 0))
        self.selectionModel().blockSignals(False)
        self.scrollTo(self.currentIndex())
        self.viewport().update()

    @property
    def rows(self) -> Sequence[HelpRow]:
        """What is shown."""
        return self._rows.rows

    def row(self) -> HelpRow | None:
        """Return the row that is chosen."""
        found: HelpRow | None = self.currentIndex().data(_ROW)
        return found

    def choose(self, number: int) -> None:
        """Choose the row with this number; beyond the ends there is none, and nothing happens."""
        if 0 <= number < len(self.rows):
            self.setCurrentIndex(self._rows.index(number, 0))

    def step(self, by: int) -> None:
        """Choose the row so many below, or above."""
        self.choose(self.currentIndex().row() + by)

    def _on_current(self, index: QModelIndex) -> None:
        row = index.data(_ROW)
        if isinstance(row, HelpRow):
            self.chosen.emit(row)


class _Rows(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: Sequence[HelpRow] = ()

    def show(self, rows: Sequence[HelpRow]) -> None:
        """Show others."""
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return listed((row.heading, row.title))
            case _ if role == _ROW:
                return row
        return None


class _Painter(QStyledItemDelegate):
    """A sign and a name; for a place in a page its heading, and below it the page."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        row = index.data(_ROW)
        height = QFontMetrics(option.font).height()
        if row.heading:
            height += QFontMetrics(small_font(option.font)).height()
        return QSize(0, height + Space.L)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row = index.data(_ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marked = bool(option.state & QStyle.StateFlag.State_Selected)
        place = paint_ground(painter, option, marked=marked)
        tokens = tokens_of(option.palette)
        colour = tokens.text if marked else tokens.muted
        box = QRect(place.left(), 0, _SIGN, _SIGN)
        box.moveTop(place.center().y() - _SIGN // 2 + 1)
        ratio = painter.device().devicePixelRatio()
        painter.drawPixmap(box, icon_pixmap(_SIGNS[row.topic], _SIGN, QColor(colour), ratio))
        place.setLeft(box.right() + Space.M)
        if row.heading:
            small = small_font(option.font)
            first, second = QFontMetrics(option.font).height(), QFontMetrics(small).height()
            top = place.center().y() - (first + second) // 2 + 1
            line = QRect(place.left(), top, place.width(), first)
            write(painter, line, row.heading, option.font, tokens.text)
            line = QRect(place.left(), top + first, place.width(), second)
            write(painter, line, row.title, small, tokens.muted)
        else:
            write(painter, place, row.title, option.font, tokens.text)
        painter.restore()
