"""One tab of the library: a list at the left, what is chosen there at the right. GUI thread.

Values in, signals out; what edits an item is given to it as a widget.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QItemSelection, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.icons import IconName, icon
from desktop.ui.labels import PlainLabel
from desktop.ui.library_list import LibraryList, Line
from desktop.ui.page_scroll import PageScroll
from desktop.ui.tokens import Space

__all__ = ["LibraryTab"]

_LIST_WIDE = 280
_EDITOR_WIDEST = 620


class LibraryTab(QWidget):
    """`editor` is shown while something is chosen."""

    selected = Signal(str)
    """(key)"""
    new_requested = Signal()
    copy_requested = Signal()
    delete_requested = Signal()
    hide_requested = Signal()
    show_requested = Signal()
    """The hidden one that is chosen is to be offered again."""
    move_requested = Signal(int)
    """(-1 up, 1 down)"""
    import_requested = Signal()
    export_requested = Signal(bool)
    """(only the one that is chosen)"""

    def __init__(self, editor: QWidget, instead: IconName, parent: QWidget | None = None) -> None:
        """`instead` is the icon of what has none."""
        super().__init__(parent)
        self._is_own = False
        self._new = TextButton()
        self._new.setIcon(icon("plus"))
        self._more = IconButton("more")
        self.list = LibraryList(instead)
        self._note = PlainLabel(tone="muted", size="small", wrap=True)
        self._copy = TextButton()
        self._copy.setIcon(icon("copy"))
        self._hide = TextButton()
        self._show = TextButton()
        self._up = IconButton("arrow-up")
        self._down = IconButton("arrow-down")
        self._delete = IconButton("trash")
        self._scroll = PageScroll(_EDITOR_WIDEST)
        self._lay_out(editor)
        self._connect()
        self._retranslate()

    def show_lines(self, lines: Sequence[Line], current: str) -> None:
        """List `lines`, the one with the key `current` being open."""
        self.list.show_lines(lines, current)

    def show_kind(self, *, own: bool, hidden: bool, first: bool, last: bool) -> None:
        """Offer what can be done with the item that is open."""
        self._is_own = own
        self._note.setVisible(not own)
        self._hide.setVisible(not own and not hidden)
        self._show.setVisible(not own and hidden)
        self._delete.setVisible(own)
        for button in (self._up, self._down):
            button.setVisible(own and not (first and last))
        self._up.setEnabled(not first)
        self._down.setEnabled(not last)

    def show_anything(self, *, anything: bool) -> None:
        """Show the editor, or nothing at the right."""
        self._scroll.setVisible(anything)

    def take_focus(self) -> None:
        """Let the keyboard begin with the list."""
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def scroll_to_top(self) -> None:
        """Show the beginning of the item."""
        self._scroll.scroll_to_top()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self, editor: QWidget) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(Space.S)
        tools.addWidget(self._new, 1)
        tools.addWidget(self._more)
        left = QWidget()
        left.setFixedWidth(_LIST_WIDE)
        side = QVBoxLayout(left)
        side.setContentsMargins(Space.L, Space.M, Space.S, Space.S)
        side.setSpacing(Space.S)
        side.addLayout(tools)
        side.addWidget(self.list, 1)
        edge = QFrame()
        edge.setProperty("panel", "line")
        edge.setFixedWidth(1)
        actions = QHBoxLayout()
        actions.setSpacing(Space.S)
        actions.addWidget(self._note, 1)
        actions.addStretch(0)
        for button in (self._show, self._hide, self._copy, self._up, self._down, self._delete):
            actions.addWidget(button)
        self._scroll.column.addLayout(actions)
        self._scroll.column.addWidget(editor)
        self._scroll.column.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(left)
        row.addWidget(edge)
        row.addWidget(self._scroll, 1)

    def _connect(self) -> None:
        self.list.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self._new.clicked.connect(self.new_requested)
        self._more.clicked.connect(self._open_menu)
        self._copy.clicked.connect(self.copy_requested)
        self._hide.clicked.connect(self.hide_requested)
        self._show.clicked.connect(self.show_requested)
        self._delete.clicked.connect(self.delete_requested)
        self._up.clicked.connect(lambda: self.move_requested.emit(-1))
        self._down.clicked.connect(lambda: self.move_requested.emit(1))
        self.list.delete_pressed.connect(self._on_delete_pressed)

    def _on_selection_changed(self, _now: QItemSelection, _before: QItemSelection) -> None:
        if self.list.current:
            self.selected.emit(self.list.current)

    def _on_delete_pressed(self) -> None:
        if self._is_own:
            self.delete_requested.emit()

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        bring = menu.addAction(icon("folder"), self.tr("Import…"))
        bring.triggered.connect(self.import_requested)
        one = menu.addAction(icon("file"), self.tr("Export this one…"))
        one.triggered.connect(lambda: self.export_requested.emit(True))
        one.setEnabled(bool(self.list.current))
        everything = menu.addAction(icon("file"), self.tr("Export all of mine…"))
        everything.triggered.connect(lambda: self.export_requested.emit(False))
        menu.popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _retranslate(self) -> None:
        self._new.setText(self.tr("New"))
        self._more.set_label(self.tr("Import and export"))
        self._note.setText(self.tr("Comes with Lapis. Copy it to change it."))
        self._copy.setText(self.tr("Copy"))
        self._copy.setAccessibleName(self.tr("Make a copy of your own"))
        self._hide.setText(self.tr("Hide"))
        self._show.setText(self.tr("Offer again"))
        self._up.set_label(self.tr("Move up"))
        self._down.set_label(self.tr("Move down"))
        self._delete.set_label(self.tr("Delete"))
