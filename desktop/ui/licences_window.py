"""On whose work Lapis stands, and on what terms: a list, and the words of each. GUI thread.

A text is read when its part is chosen, so the window opens at once however much came along.
"""

from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QListView,
    QPlainTextEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop import __version__
from desktop.config.bundled_parts import read_own_terms, read_parts, read_terms
from desktop.domain.bundled_part import BundledPart
from desktop.ui.labels import PlainLabel
from desktop.ui.row_paint import paint_row, small_font, write
from desktop.ui.search_field import SearchField
from desktop.ui.theme import mono_families
from desktop.ui.tokens import Space, tokens_of
from desktop.ui.translation import listed

__all__ = ["LicencesWindow"]

_Index: TypeAlias = QModelIndex | QPersistentModelIndex
_SIZE = QSize(960, 600)
_LIST_WIDTH = 260
_LONGEST_SEARCH = 80
_PART = Qt.ItemDataRole.UserRole
_NO_PARENT = QModelIndex()
_TOP = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine


class LicencesWindow(QDialog):
    """A window of its own beside About; it blocks nothing."""

    def __init__(self, parent: QWidget) -> None:
        """Show Lapis's own terms first."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Licences"))
        self.resize(_SIZE)
        own = BundledPart("Lapis", __version__, "MIT", "", ())
        self._own = own
        self._parts = (own, *read_parts())
        self._model = _Parts(self._parts, self)
        self.search = SearchField(_LONGEST_SEARCH)
        self.search.setPlaceholderText(self.tr("Name or licence"))
        self.search.setAccessibleName(self.tr("Search the licences"))
        self.list = _list_of(self._model, self.tr("Parts of Lapis"))
        self.heading = PlainLabel(size="title", wrap=True)
        self.facts = PlainLabel(tone="muted", size="small", wrap=True)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.terms = QPlainTextEdit()
        self.terms.setReadOnly(True)
        self.terms.setProperty("panel", "code")
        self.terms.setAccessibleName(self.tr("Licence text"))
        font = self.terms.font()
        font.setFamilies(list(mono_families()))
        self.terms.setFont(font)
        self._lay_out()
        self.search.textChanged.connect(self._on_search)
        self.list.selectionModel().currentChanged.connect(self._on_chosen)
        self.list.setCurrentIndex(self._model.index(0))

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(Space.S)
        left.addWidget(self.search)
        left.addWidget(self.list, 1)
        if len(self._parts) == 1:
            alone = self.tr(
                "This Lapis runs from its source. Everything else it is made of was installed as "
                "packages, and each of them brings its own licence."
            )
            left.addWidget(PlainLabel(alone, tone="muted", size="small", wrap=True))
        right = QVBoxLayout()
        right.setSpacing(Space.S)
        right.addWidget(self.heading)
        right.addWidget(self.facts)
        right.addWidget(self.terms, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        row.setSpacing(Space.L)
        row.addLayout(left, 2)
        row.addLayout(right, 5)
        self.list.setMinimumWidth(_LIST_WIDTH)

    def _on_search(self, words: str) -> None:
        chosen = self.list.currentIndex().data(_PART)
        found = [part for part in self._parts if part.matches(words)]
        self._model.show_parts(found)
        row = found.index(chosen) if chosen in found else 0
        self.list.setCurrentIndex(self._model.index(row))
        if not found:
            self.heading.setText(self.tr("Nothing found"))
            self.facts.setText("")
            self.terms.setPlainText("")

    def _on_chosen(self, index: QModelIndex) -> None:
        part = index.data(_PART)
        if not isinstance(part, BundledPart):
            return
        self.heading.setText(f"{part.name} {part.version}".strip())
        self.facts.setText("\n".join(line for line in (part.licence, part.homepage) if line))
        try:
            text = read_own_terms() if part is self._own else read_terms(part)
        except OSError:
            text = self.tr("The text of this licence is missing. Installing Lapis anew brings it.")
        self.terms.setPlainText(text)


class _Parts(QAbstractListModel):
    def __init__(self, parts: Sequence[BundledPart], parent: QObject) -> None:
        super().__init__(parent)
        self._parts = parts

    def show_parts(self, parts: Sequence[BundledPart]) -> None:
        """Show others."""
        self.beginResetModel()
        self._parts = parts
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._parts)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        part = self._parts[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return listed((part.name, part.licence))
            case _ if role == _PART:
                return part
        return None


class _Row(QStyledItemDelegate):
    """A name, and below it the licence."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(0, sum(_lines(option.font)) + Space.L)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        part = index.data(_PART)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marked = bool(option.state & QStyle.StateFlag.State_Selected)
        tokens = tokens_of(option.palette)
        row = option.rect.adjusted(0, 1, 0, -1)
        paint_row(painter, row, option.state, tokens, marked=tokens.pressed if marked else "")
        first, second = _lines(option.font)
        place = row.adjusted(Space.S, 0, -Space.S, 0)
        upper = QRect(
            place.left(), place.center().y() - (first + second) // 2, place.width(), first
        )
        write(painter, upper, part.name, option.font, tokens.text)
        lower = QRect(place.left(), upper.bottom() + 1, place.width(), second)
        write(painter, lower, part.licence, small_font(option.font), tokens.muted)
        painter.restore()


def _lines(font: QFont) -> tuple[int, int]:
    """Return how high the name is, and the licence below it."""
    return QFontMetrics(font).height(), QFontMetrics(small_font(font)).height()


def _list_of(model: QAbstractListModel, name: str) -> QListView:
    view = QListView()
    view.setModel(model)
    view.setItemDelegate(_Row(view))
    view.setAccessibleName(name)
    view.setFrameShape(QListView.Shape.NoFrame)
    view.setUniformItemSizes(True)
    view.setMouseTracking(True)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setTabKeyNavigation(False)
    return view
