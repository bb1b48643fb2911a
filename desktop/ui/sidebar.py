"""The chats at the left: new, open, rename in place, delete; all by keyboard too.

Values in, signals out. GUI thread.
"""

import time

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListView,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.history import ChatSummary
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.chat_delegate import ChatDelegate
from desktop.ui.chat_list import ChatList, ChatRole
from desktop.ui.icons import icon
from desktop.ui.shortcuts import with_key
from desktop.ui.tokens import Space

__all__ = ["Sidebar"]

_SETTLE_MS = 120
_MINIMUM_WIDTH = 180


class Sidebar(QFrame):
    """Shows the chats and says what a person wants with them."""

    new_chat_requested = Signal()
    chat_selected = Signal(int)
    chat_activated = Signal(int)
    """(chat): chosen with Enter; the typing goes on in its composer."""
    rename_requested = Signal(int, str)
    delete_requested = Signal(int)
    collapse_requested = Signal()
    models_requested = Signal()
    menu_opened = Signal(object)
    """(QMenu): the menu of a chat is about to be shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without chats."""
        super().__init__(parent)
        self.setProperty("panel", "sidebar")
        self.setMinimumWidth(_MINIMUM_WIDTH)
        self._new = TextButton(kind="quiet")
        self._new.setIcon(icon("new-chat", QPalette.ColorRole.ButtonText))
        self._new.setStyleSheet("text-align: left; padding-left: 6px;")
        self._collapse = IconButton("sidebar")
        self._models = TextButton(kind="quiet")
        self._models.setIcon(icon("models", QPalette.ColorRole.ButtonText))
        self._models.setStyleSheet("text-align: left; padding-left: 6px;")
        self._models.setCheckable(True)
        self._model = ChatList()
        self.list = _ChatView(self)
        self.list.setModel(self._model)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._lay_out()
        self._new.clicked.connect(self.new_chat_requested)
        self._collapse.clicked.connect(self.collapse_requested)
        self._models.clicked.connect(self._on_models_clicked)
        self._model.renamed.connect(self.rename_requested)
        self._settle.timeout.connect(self._select_current)
        self.list.moved.connect(self._settle.start)
        self.list.clicked.connect(self._select_current)
        self.list.activated_by_key.connect(self._on_activated_by_key)
        self.list.delete_pressed.connect(self._on_delete_pressed)
        self.list.customContextMenuRequested.connect(self._on_context_menu_requested)
        self._retranslate()

    def set_chats(self, chats: list[ChatSummary]) -> None:
        """Show `chats`, newest first; the open one stays marked."""
        chat = self.current()
        scrolled = self.list.verticalScrollBar().value()
        self._model.set_chats(chats, time.time())
        self.list.verticalScrollBar().setValue(scrolled)
        self.set_current(chat)

    def set_running(self, running: frozenset[int]) -> None:
        """Mark the chats in which an answer is being written."""
        self._model.set_running(running)

    def mark_models(self, *, marked: bool) -> None:
        """Show whether the models are looked at instead of a chat."""
        self._models.setChecked(marked)

    def current(self) -> int | None:
        """Return the marked chat."""
        chat = self.list.currentIndex().data(ChatRole.CHAT)
        return chat if isinstance(chat, int) else None

    def set_current(self, chat: int | None) -> None:
        """Mark `chat` as the open one; nothing is signalled."""
        self._settle.stop()
        index = self._model.index_of(chat) if chat is not None else QModelIndex()
        self.list.setCurrentIndex(index)
        if index.isValid():
            self.list.scrollTo(index)
        else:
            self.list.clearSelection()

    def edit_title(self, chat: int) -> None:
        """Let the person type another title for `chat`."""
        index = self._model.index_of(chat)
        if index.isValid():
            self.list.scrollTo(index)
            self.list.edit(index)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(Space.S, 0, Space.S, 0)
        top.addWidget(self._new, 1)
        top.addWidget(self._collapse)
        foot = QHBoxLayout()
        foot.setContentsMargins(Space.S, 0, Space.S, 0)
        foot.addWidget(self._models, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.M, 0, Space.S)
        column.setSpacing(Space.XS)
        column.addLayout(top)
        column.addWidget(self.list, 1)
        column.addLayout(foot)

    def _on_models_clicked(self) -> None:
        # The mark follows the page, not the click.
        self._models.setChecked(not self._models.isChecked())
        self.models_requested.emit()

    def _select_current(self) -> None:
        self._settle.stop()
        chat = self.current()
        if chat is not None:
            self.chat_selected.emit(chat)

    def _on_activated_by_key(self) -> None:
        self._settle.stop()
        chat = self.current()
        if chat is not None:
            self.chat_activated.emit(chat)

    def _on_delete_pressed(self) -> None:
        chat = self.current()
        if chat is not None:
            self.delete_requested.emit(chat)

    def _on_context_menu_requested(self, place: QPoint) -> None:
        index = self.list.indexAt(place)
        chat = index.data(ChatRole.CHAT)
        if not isinstance(chat, int):
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rename = menu.addAction(icon("edit"), with_key(self.tr("Rename"), Qt.Key.Key_F2))
        delete = menu.addAction(icon("trash"), with_key(self.tr("Delete"), Qt.Key.Key_Delete))
        rename.triggered.connect(lambda: self.edit_title(chat))
        delete.triggered.connect(lambda: self.delete_requested.emit(chat))
        self.menu_opened.emit(menu)
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _retranslate(self) -> None:
        self._new.setText(self.tr("New chat"))
        self._models.setText(self.tr("Models"))
        self._collapse.set_label(self.tr("Hide the list of chats (Ctrl+\\)"))
        self.list.setAccessibleName(self.tr("Chats"))
        self._model.retranslate()


class _ChatView(QListView):
    """The list itself: which keys mean what."""

    moved = Signal()
    activated_by_key = Signal()
    delete_pressed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setItemDelegate(ChatDelegate(self))
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setTabKeyNavigation(False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Leave the marked row alone when another one is asked for its menu."""
        if event.button() == Qt.MouseButton.RightButton:
            event.accept()
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, F2 renames, Delete deletes, arrows move; letters are not for the list."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.activated_by_key.emit()
            case Qt.Key.Key_Delete:
                self.delete_pressed.emit()
            case Qt.Key.Key_F2:
                self.edit(self.currentIndex())
            case _ if event.text().strip() and event.text().isprintable():
                event.ignore()
            case _:
                before = self.currentIndex()
                super().keyPressEvent(event)
                if self.currentIndex() != before:
                    self.moved.emit()
