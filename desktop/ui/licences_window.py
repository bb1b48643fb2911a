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
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
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
from desktop.ui.chat_delegate import paint_ground
from desktop.ui.labels import PlainLabel
from desktop.ui.search_field import SearchField
from desktop.ui.theme import mono_families
from desktop.ui.tokens import Size, Space, resized, tokens_of

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
                return f"{part.name}, {part.licence}"
            case _ if role == _PART:
                return part
        return None


class _Row(QStyledItemDelegate):
    """A name, and below it the licence."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:
        lines = QFontMetrics(option.font).height() + QFontMetrics(_small(option.font)).height()
        return QSize(0, lines + Space.L)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        part = index.data(_PART)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marked = bool(option.state & QStyle.StateFlag.State_Selected)
        place = paint_ground(painter, option, marked=marked)
        tokens = tokens_of(option.palette)
        middle = place.top() + place.height() * QFontMetrics(option.font).height() // max(
            1, place.height() - Space.S
        )
        half = QRect(place.left(), place.top() + Space.XS, place.width(), middle - place.top())
        _write(painter, half, part.name, option.font, tokens.text)
        half.moveTop(half.bottom() - Space.XS)
        half.setBottom(place.bottom() - Space.XS)
        _write(painter, half, part.licence, _small(option.font), tokens.muted)
        painter.restore()


def _write(painter: QPainter, place: QRect, words: str, font: QFont, colour: str) -> None:
    painter.setFont(font)
    painter.setPen(QColor(colour))
    fitting = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, _TOP, fitting)


def _small(font: QFont) -> QFont:
    return resized(font, Size.SMALL)


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
