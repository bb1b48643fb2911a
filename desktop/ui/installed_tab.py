"""The Installed tab: every model on this computer, and what can be done with it.

Values in, signals out. GUI thread.
"""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QBoxLayout,
    QMenu,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.shelf import Origin, ShelfEntry
from desktop.domain.text import Text
from desktop.ui.banner import Banner
from desktop.ui.composer_field import dropped_model
from desktop.ui.drop_hint import DropHint
from desktop.ui.folder_line import FolderLine
from desktop.ui.icons import icon
from desktop.ui.installed_detail import InstalledDetail
from desktop.ui.installed_empty import InstalledEmpty, NothingFound
from desktop.ui.installed_list import InstalledList, ShelfRole, Sort
from desktop.ui.installed_strip import InstalledStrip
from desktop.ui.installed_toolbar import InstalledToolbar
from desktop.ui.installed_view import InstalledView
from desktop.ui.sheet import Sheet
from desktop.ui.shelf_actions import ShelfAction, action_icon, action_words, actions_for
from desktop.ui.shortcuts import with_key
from desktop.ui.task_lines import TaskLines
from desktop.ui.toast import Toast
from desktop.ui.tokens import Space

__all__ = ["InstalledTab"]

_WIDE = 700
_DETAIL = 288
_LOW = 260


class InstalledTab(QWidget):
    """`tasks`, `toast`, `banner`, `folder` and `sheet` are public parts; the owner fills them."""

    use_requested = Signal(object)
    """(ShelfEntry), as with all signals below unless said."""
    settings_requested = Signal(object)
    verify_requested = Signal(object)
    show_requested = Signal(object)
    shrink_requested = Signal(object)
    delete_requested = Signal(object)
    import_requested = Signal(object)
    """(Path): a file was dropped."""
    import_wanted = Signal()
    """A file is to be chosen."""
    discover_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without models."""
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._model = InstalledList()
        self._loaded: Path | None = None
        self._chosen: Path | None = None
        self._has_words = False
        self.toolbar = InstalledToolbar()
        self.list = InstalledView()
        self.list.setModel(self._model)
        self.detail = InstalledDetail()
        self.strip = InstalledStrip()
        self.tasks = TaskLines()
        self.banner = Banner()
        self.toast = Toast()
        self.folder = FolderLine()
        self.sheet = Sheet()
        self._empty = InstalledEmpty()
        self._nothing = NothingFound()
        self._middle = QWidget()
        self._views = QStackedLayout(self._middle)
        self._pages = QStackedLayout()
        self._browse = QWidget()
        self._hint = DropHint(self)
        self._lay_out()
        self._connect()
        self._retranslate()

    @property
    def current(self) -> ShelfEntry | None:
        """The model that is marked."""
        entry = self.list.currentIndex().data(ShelfRole.ENTRY)
        return entry if isinstance(entry, ShelfEntry) else None

    def set_entries(self, entries: Sequence[ShelfEntry]) -> None:
        """Show `entries`; the marked one stays marked, and the list where it is scrolled to."""
        scrolled = self.list.verticalScrollBar().value()
        self._model.set_entries(entries)
        self.list.verticalScrollBar().setValue(scrolled)
        self._show_current()

    def set_loaded(self, path: Path | None) -> None:
        """Mark the model that is in memory; None for none."""
        self._loaded = path
        self._model.set_loaded(path)
        self._show_current()

    def set_folder(self, folder: Path, free: int | None) -> None:
        """Say where models are kept, and how many bytes are free there."""
        ours = (entry for entry in self._model.entries if entry.origin is Origin.LAPIS)
        self.folder.show_folder(folder, sum(entry.model.size for entry in ours), free)

    def choose(self, path: Path) -> None:
        """Mark the model at `path`, and show it."""
        index = self._model.index_of(path)
        if index.isValid():
            self.list.setCurrentIndex(index)
            self.list.scrollTo(index)

    def open_sheet(self, title: Text, card: QWidget) -> None:
        """Show `card` over the list until it is closed."""
        self.sheet.show_card(title, card)
        self._show_page()
        self._pages.setCurrentWidget(self.sheet)
        self.sheet.take_focus()

    def close_sheet(self) -> None:
        """Show the list again."""
        if self._pages.currentWidget() is self.sheet:
            self.sheet.drop_card()
            self._show_page()
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_details()
        self._show_page()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take model files."""
        if dropped_model(event.mimeData()) is not None:
            event.acceptProposedAction()
            self._hint.appear()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._hint.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand the model file over."""
        self._hint.hide()
        path = dropped_model(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.import_requested.emit(path)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        self._views.addWidget(self.list)
        self._views.addWidget(self._nothing)
        self.detail.setFixedWidth(_DETAIL)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.setSpacing(Space.L)
        self._body.addWidget(self._middle, 1)
        self._body.addWidget(self.detail)
        column = QVBoxLayout(self._browse)
        column.setSpacing(Space.M)
        column.setContentsMargins(Space.XL - Space.M, Space.L, Space.XL, 0)
        column.addLayout(_indented(self.toolbar))
        column.addLayout(self._body, 1)
        column.addLayout(_indented(self.strip))
        # Below all pages: what goes on and what is to be said, whatever is looked at.
        foot = QVBoxLayout()
        foot.setContentsMargins(Space.XL - Space.M, 0, Space.XL, 0)
        foot.setSpacing(Space.S)
        for part in (self.tasks, self.banner):
            foot.addLayout(_indented(part))
        foot.addWidget(self.toast, 0, Qt.AlignmentFlag.AlignHCenter)
        foot.addWidget(self.folder)
        self._whole = whole = QVBoxLayout(self)
        whole.setSpacing(Space.M)
        whole.addLayout(self._pages, 1)
        whole.addLayout(foot)
        for page in (self._browse, self._empty, self.sheet):
            self._pages.addWidget(page)
        self._show_page()

    def _connect(self) -> None:
        self.toolbar.filter_changed.connect(self._on_filter_changed)
        self.toolbar.sort_chosen.connect(self._on_sort_chosen)
        self.toolbar.import_wanted.connect(self.import_wanted)
        self._nothing.clear_requested.connect(self.toolbar.field.clear)
        self._empty.discover_requested.connect(self.discover_requested)
        self._empty.import_wanted.connect(self.import_wanted)
        self.sheet.left.connect(self.close_sheet)
        self.detail.wanted.connect(self._do)
        self.strip.wanted.connect(self._do)
        self.list.moved.connect(self._on_moved)
        self.list.doubleClicked.connect(lambda _index: self._do(ShelfAction.USE))
        self.list.activated_by_key.connect(lambda: self._do(ShelfAction.USE))
        self.list.delete_pressed.connect(lambda: self._do(ShelfAction.DELETE))
        self.list.customContextMenuRequested.connect(self._on_context_menu_requested)

    def _on_filter_changed(self, words: str) -> None:
        self._has_words = bool(words.strip())
        self._model.set_filter(words)
        self._show_current()

    def _on_sort_chosen(self, sort: Sort) -> None:
        self._model.set_sort(sort)
        self._show_current()

    def _on_moved(self) -> None:
        entry = self.current
        if entry is not None:
            self._chosen = entry.model.path
        self._show_details()

    def _show_current(self) -> None:
        """Mark what was marked, else what is in memory, else the first model."""
        for path in (self._chosen, None if self._has_guide_loaded() else self._loaded):
            index = self._model.index_of(path)
            if index.isValid():
                break
        else:
            index = self._model.index(1) if self._model.rowCount() > 1 else self._model.index(-1)
        chosen = self._chosen
        self.list.setCurrentIndex(index)
        self._chosen = chosen
        self._views.setCurrentIndex(0 if index.isValid() else 1)
        self._show_page()
        self._show_details()

    def _has_guide_loaded(self) -> bool:
        """Return whether the guide, which comes last in the list, is in memory."""
        index = self._model.index_of(self._loaded)
        entry = index.data(ShelfRole.ENTRY)
        return isinstance(entry, ShelfEntry) and entry.model.is_guide

    def _show_page(self) -> None:
        on_sheet = self.sheet.card is not None
        self.folder.setVisible(not on_sheet and self.height() >= _LOW)
        self._whole.setContentsMargins(0, 0, 0, 0 if on_sheet else Space.M)
        if on_sheet:
            return
        has_models = any(not entry.model.is_guide for entry in self._model.entries)
        self._pages.setCurrentWidget(self._browse if has_models else self._empty)

    def _show_details(self) -> None:
        entry = self.current
        wide = self.width() >= _WIDE
        self.detail.setVisible(wide and entry is not None)
        self.strip.setVisible(not wide and entry is not None)
        if entry is not None:
            shown = self.detail if wide else self.strip
            shown.show_entry(entry, loaded=entry.model.path == self._loaded)

    def _do(self, action: ShelfAction) -> None:
        entry = self.current
        if entry is None or action not in actions_for(entry):
            return
        signals = {
            ShelfAction.USE: self.use_requested,
            ShelfAction.SETTINGS: self.settings_requested,
            ShelfAction.VERIFY: self.verify_requested,
            ShelfAction.SHOW: self.show_requested,
            ShelfAction.SHRINK: self.shrink_requested,
            ShelfAction.DELETE: self.delete_requested,
        }
        signals[action].emit(entry)

    def _on_context_menu_requested(self, place: QPoint) -> None:
        index = self.list.indexAt(place)
        entry = index.data(ShelfRole.ENTRY)
        if not isinstance(entry, ShelfEntry):
            return
        self.list.setCurrentIndex(index)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        keys = {ShelfAction.USE: Qt.Key.Key_Return, ShelfAction.DELETE: Qt.Key.Key_Delete}
        for action in actions_for(entry):
            words = action_words(action, entry)
            if action is ShelfAction.DELETE:
                menu.addSeparator()
            line = menu.addAction(
                icon(action_icon(action)),
                with_key(words, keys[action]) if action in keys else words,
            )
            line.triggered.connect(lambda _checked, action=action: self._do(action))
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _retranslate(self) -> None:
        self.list.setAccessibleName(self.tr("Installed models"))
        self.setAccessibleName(self.tr("Installed models"))
        self._model.retranslate()


def _indented(part: QWidget) -> QVBoxLayout:
    """Return `part` where the words of the list begin, which has an edge for its rows."""
    line = QVBoxLayout()
    line.setContentsMargins(Space.M, 0, 0, 0)
    line.addWidget(part)
    return line
