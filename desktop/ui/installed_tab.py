"""The Installed tab: every model on this computer, and what can be done with it.

Values in, signals out. GUI thread.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from desktop.domain.shelf import Origin, ShelfEntry
from desktop.domain.text import Text
from desktop.ui.banner import Banner
from desktop.ui.composer_field import dropped_model
from desktop.ui.drop_hint import DropHint
from desktop.ui.folder_line import FolderLine
from desktop.ui.installed_browse import InstalledBrowse, indented
from desktop.ui.installed_empty import InstalledEmpty
from desktop.ui.memory_views import Fitting
from desktop.ui.sheet import Sheet
from desktop.ui.shelf_actions import ShelfAction
from desktop.ui.task_lines import TaskLines
from desktop.ui.toast import Toast
from desktop.ui.tokens import Space

__all__ = ["InstalledTab"]

_LOW = 260


class InstalledTab(QWidget):
    """`tasks`, `toast`, `banner`, `folder`, `sheet` and the parts of the list are public."""

    use_requested = Signal(object)
    """(ShelfEntry), as with all signals below unless said."""
    settings_requested = Signal(object)
    verify_requested = Signal(object)
    show_requested = Signal(object)
    shrink_requested = Signal(object)
    delete_requested = Signal(object)
    marked = Signal(object)
    """(ShelfEntry, or None): it is shown, with what is known of it."""
    import_requested = Signal(object)
    """(Path): a file was dropped."""
    import_wanted = Signal()
    """A file is to be chosen."""
    discover_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without models."""
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._browse = InstalledBrowse()
        self.toolbar = self._browse.toolbar
        self.list = self._browse.list
        self.detail = self._browse.detail
        self.strip = self._browse.strip
        self.tasks = TaskLines()
        self.banner = Banner()
        self.toast = Toast()
        self.folder = FolderLine()
        self.sheet = Sheet()
        self._empty = InstalledEmpty()
        self._pages = QStackedLayout()
        self._hint = DropHint(self)
        self._lay_out()
        self._connect()
        self._retranslate()

    @property
    def current(self) -> ShelfEntry | None:
        """The model that is marked."""
        return self._browse.current

    def set_entries(self, entries: Sequence[ShelfEntry]) -> None:
        """Show `entries`; the marked one stays marked, and the list where it is scrolled to."""
        self._browse.set_entries(entries)
        self._show_page()

    def set_fits(self, fits: Mapping[Path, Fitting]) -> None:
        """Show where models would run, by their paths."""
        self._browse.set_fits(fits)

    def set_loaded(self, path: Path | None) -> None:
        """Mark the model that is in memory; None for none."""
        self._browse.set_loaded(path)

    def set_folder(self, folder: Path, free: int | None) -> None:
        """Say where models are kept, and how many bytes are free there."""
        ours = (entry for entry in self._browse.entries if entry.origin is Origin.LAPIS)
        self.folder.show_folder(folder, sum(entry.model.size for entry in ours), free)

    def choose(self, path: Path) -> None:
        """Mark the model at `path`, and show it."""
        self._browse.choose(path)

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

    def event(self, event: QEvent) -> bool:
        """Make room below the foot as parts of it come and go."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._keep_from_edge()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
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
        # Below all pages: what goes on and what is to be said, whatever is looked at.
        foot = QVBoxLayout()
        foot.setContentsMargins(Space.XL - Space.M, 0, Space.XL, 0)
        foot.setSpacing(Space.S)
        for part in (self.tasks, self.banner):
            foot.addLayout(indented(part))
        foot.addWidget(self.toast, 0, Qt.AlignmentFlag.AlignHCenter)
        foot.addWidget(self.folder)
        self._whole = whole = QVBoxLayout(self)
        whole.setSpacing(Space.M)
        whole.addLayout(self._pages, 1)
        for page in (self._browse, self._empty, self.sheet):
            self._pages.addWidget(page)
        # Last, as Tab goes from above to below in the order in which parts come in.
        whole.addLayout(foot)
        self._show_page()

    def _connect(self) -> None:
        self._browse.wanted.connect(self._on_wanted)
        self._browse.marked.connect(self.marked)
        self.toolbar.import_wanted.connect(self.import_wanted)
        self._empty.discover_requested.connect(self.discover_requested)
        self._empty.import_wanted.connect(self.import_wanted)
        self.sheet.left.connect(self.close_sheet)

    def _show_page(self) -> None:
        on_sheet = self.sheet.card is not None
        self.folder.setVisible(not on_sheet and self.height() >= _LOW)
        self._keep_from_edge()
        if on_sheet:
            return
        has_models = any(not entry.model.is_guide for entry in self._browse.entries)
        self._pages.setCurrentWidget(self._browse if has_models else self._empty)

    def _keep_from_edge(self) -> None:
        """Let a card reach down to the window's edge, but nothing that stands at the foot."""
        foot = (self.tasks, self.banner, self.toast)
        reaches = self.sheet.card is not None and all(part.isHidden() for part in foot)
        self._whole.setContentsMargins(0, 0, 0, 0 if reaches else Space.M)

    def _on_wanted(self, action: ShelfAction, entry: ShelfEntry) -> None:
        signals = {
            ShelfAction.USE: self.use_requested,
            ShelfAction.SETTINGS: self.settings_requested,
            ShelfAction.VERIFY: self.verify_requested,
            ShelfAction.SHOW: self.show_requested,
            ShelfAction.SHRINK: self.shrink_requested,
            ShelfAction.DELETE: self.delete_requested,
        }
        signals[action].emit(entry)

    def _retranslate(self) -> None:
        self.setAccessibleName(self.tr("Installed models"))
        self._browse.retranslate()
