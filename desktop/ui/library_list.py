"""A list of personas, prompts or actions: a sign, a name, and a line about it, in plain words.

GUI thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.ui.icons import IconName
from desktop.ui.labels import plain_tooltip
from desktop.ui.persona_sign import paint_persona
from desktop.ui.row_paint import paint_row, small_font, write
from desktop.ui.tokens import Size, Space, Tokens, tokens_of
from desktop.ui.translation import listed

__all__ = ["LibraryList", "Line"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_LINE_ROLE: Final = Qt.ItemDataRole.UserRole + 1
_PAD: Final = 7
_MARK_SHARE: Final = 0.45


@dataclass(frozen=True, slots=True)
class Line:
    """A row: `key` tells it from others, `mark` stands at its right end.

    `is_heading` rows are words between the others; `is_dim` ones are there, but not on offer.
    """

    key: str
    title: str
    about: str = ""
    sign: str = ""
    mark: str = ""
    is_dim: bool = False
    is_heading: bool = False


class LibraryList(QListView):
    """Rows under each other, one of them current."""

    delete_pressed = Signal()

    def __init__(self, instead: IconName, parent: QWidget | None = None) -> None:
        """`instead` is the icon of rows that have no sign."""
        super().__init__(parent)
        self._rows = _Rows()
        self.setModel(self._rows)
        self.setItemDelegate(_RowPainter(instead, self))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is listed."""
        return self._rows.lines

    @property
    def current(self) -> str:
        """The key of the current row; empty for none."""
        line = self.currentIndex().data(_LINE_ROLE)
        return line.key if isinstance(line, Line) else ""

    def show_lines(self, lines: Sequence[Line], current: str) -> None:
        """List `lines`, the one with the key `current` being that; nothing is signalled."""
        scrolled = self.verticalScrollBar().value()
        selection = self.selectionModel()
        selection.blockSignals(True)
        self._rows.set_lines(tuple(lines))
        self.set_current(current)
        selection.blockSignals(False)
        self.verticalScrollBar().setValue(scrolled)
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete is for the owner; letters look for a name."""
        if event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)

    def set_current(self, key: str) -> None:
        """Make the row with `key` the current one; none if there is no such row."""
        rows = [row for row, line in enumerate(self.lines) if line.key == key and key]
        self.setCurrentIndex(self._rows.index(rows[0]) if rows else QModelIndex())


def _row_height(font: QFont) -> int:
    return QFontMetrics(font).height() + QFontMetrics(small_font(font)).height() + 2 * _PAD + 4


class _Rows(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[Line, ...] = ()

    def set_lines(self, lines: tuple[Line, ...]) -> None:
        if lines != self.lines:
            self.beginResetModel()
            self.lines = lines
            self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        line = self.lines[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return line.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return listed((line.title, line.mark, line.about))
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip("\n".join(filter(None, (line.title, line.about))))
            case _ if role == _LINE_ROLE:
                return line
            case _:
                return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid() or self.lines[index.row()].is_heading:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class _RowPainter(QStyledItemDelegate):
    def __init__(self, instead: IconName, parent: QWidget) -> None:
        super().__init__(parent)
        self._instead: IconName = instead

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        line = index.data(_LINE_ROLE)
        if isinstance(line, Line) and line.is_heading:
            return QSize(0, QFontMetrics(option.font).height() + Space.L)
        return QSize(0, _row_height(option.font))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        line = index.data(_LINE_ROLE)
        if not isinstance(line, Line):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = tokens_of(option.palette)
        if line.is_heading:
            _paint_heading(painter, option, line.title, tokens)
        else:
            self._paint_line(painter, option, line, tokens)
        painter.restore()

    def _paint_line(
        self, painter: QPainter, option: QStyleOptionViewItem, line: Line, tokens: Tokens
    ) -> None:
        row = option.rect.adjusted(0, 1, 0, -1)
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        paint_row(painter, row, option.state, tokens, marked=tokens.pressed if is_chosen else "")
        inner = row.adjusted(Space.M, _PAD - 1, -Space.M, 1 - _PAD)
        muted, text = tokens.muted, tokens.muted if line.is_dim else tokens.text
        sign = QRect(0, 0, Size.ICON, Size.ICON)
        sign.moveCenter(inner.center())
        sign.moveLeft(inner.left())
        paint_persona(painter, sign, line.sign or self._instead, QColor(text), option.font)
        words = inner.adjusted(Size.ICON + Space.M, 0, 0, 0)
        upper = QRect(words)
        upper.setHeight(QFontMetrics(option.font).height())
        small = small_font(option.font)
        if line.about:
            lower = QRect(words)
            lower.setTop(upper.bottom() + 2)
            write(painter, lower, line.about, small, muted)
        else:
            upper.moveCenter(words.center())
        if line.mark:
            most = round(upper.width() * _MARK_SHARE)
            wide = min(QFontMetrics(small).horizontalAdvance(line.mark) + 1, most)
            write(painter, upper.adjusted(upper.width() - wide, 0, 0, 0), line.mark, small, muted)
            upper.setWidth(upper.width() - wide - Space.S)
        write(painter, upper, line.title, option.font, text)


def _paint_heading(
    painter: QPainter, option: QStyleOptionViewItem, words: str, tokens: Tokens
) -> None:
    font = small_font(option.font)
    font.setWeight(QFont.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(QColor(tokens.muted))
    place = option.rect.adjusted(Space.M, 0, -Space.M, -Space.XS)
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, words)
