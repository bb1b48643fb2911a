"""The chats at the left: new, search, open, arrange, rename in place; all by keyboard too.

Values in, signals out. GUI thread.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QSize, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.domain.chat_settings import Persona
from desktop.domain.history import Folder, Hit
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.chat_list import ChatList
from desktop.ui.chat_menus import ChatMenu, FolderMenu, NewMenu
from desktop.ui.chat_places import (
    ChatPlace,
    FolderPlace,
    stepped_chat,
    stepped_folder,
)
from desktop.ui.chat_rows import ArchiveRow, ChatRow, Content, FolderRow, Row
from desktop.ui.chat_search_field import ChatSearchField
from desktop.ui.chat_view import ChatView
from desktop.ui.icons import icon
from desktop.ui.labels import PlainLabel
from desktop.ui.shortcuts import SIDEBAR_KEYS, native
from desktop.ui.sidebar_wishes import Place, SidebarWishes
from desktop.ui.tokens import Space

if TYPE_CHECKING:
    from desktop.ui.chat_results import ChatResults

__all__ = ["Sidebar"]

_SETTLE_MS = 120
_MINIMUM_WIDTH = 180
_FIELD_HEIGHT = 34
_LOOK = "text-align: left; padding-left: 6px;"


class Sidebar(SidebarWishes):
    """Shows the chats, or what was found in them, and says what a person wants with them."""

    def __init__(self) -> None:
        """Start without chats."""
        super().__init__()
        self.setProperty("panel", "sidebar")
        self._new = TextButton(kind="quiet")
        self._new.setIcon(icon("new-chat", QPalette.ColorRole.ButtonText))
        self._new.setStyleSheet(_LOOK)
        self._more = IconButton("chevron-down")
        self._new_menu = NewMenu(self)
        self._collapse = IconButton("sidebar")
        self._models = TextButton(kind="quiet")
        self._models.setIcon(icon("models", QPalette.ColorRole.ButtonText))
        self._models.setStyleSheet(_LOOK)
        self._models.setCheckable(True)
        self._settings = TextButton(kind="quiet")
        self._settings.setIcon(icon("settings", QPalette.ColorRole.ButtonText))
        self._settings.setStyleSheet(_LOOK)
        self._settings.setCheckable(True)
        self.search = ChatSearchField()
        self.search.setMinimumHeight(_FIELD_HEIGHT)
        self._hint = PlainLabel(tone="muted", size="small", wrap=True)
        self._has_searched = False
        self._model = ChatList()
        self.list = ChatView(self._model, self)
        self._results: ChatResults | None = None
        self._pages = QStackedWidget()
        self._waiting: Content | None = None
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._lay_out()
        self._connect()
        self._show_hint()
        self._retranslate()

    def set_content(self, content: Content) -> None:
        """Show other chats and folders; what is open and what is marked stays so.

        While a title is being typed the list waits, so that the field is not taken away.
        """
        if self.list.is_editing:
            self._waiting = content
            return
        self._waiting = None
        marked = self._model.row(self.list.currentIndex())
        scrolled = self.list.verticalScrollBar().value()
        self._model.set_content(content)
        self.list.verticalScrollBar().setValue(scrolled)
        self.list.setCurrentIndex(self._model.index_like(marked))

    def set_personas(self, personas: Sequence[Persona]) -> None:
        """Offer a new chat with each of `personas`."""
        self._new_menu.set_personas(personas)

    def set_running(self, running: frozenset[int]) -> None:
        """Mark the chats in which an answer is being written."""
        self._model.set_running(running)

    def add_sign(self, sign: QWidget) -> None:
        """Put `sign`, which shows and hides itself, over the ways to other pages."""
        self._foot.insertWidget(0, sign)

    def mark(self, place: Place) -> None:
        """Show what is looked at instead of a chat."""
        self._models.setChecked(place == "models")
        self._settings.setChecked(place == "settings")

    def current(self) -> int | None:
        """Return the chat that is marked as open, if it is listed."""
        chat = self._model.open
        return chat if self._model.index_of(chat).isValid() else None

    def set_current(self, chat: int | None) -> None:
        """Mark `chat` as the open one; nothing is signalled."""
        self._settle.stop()
        is_other = chat != self._model.open
        self._model.set_open(chat)
        on_group = isinstance(self._row(), FolderRow | ArchiveRow)
        if on_group and not is_other:
            # The keyboard is on its way; the open chat has not changed.
            return
        index = self._model.index_of(chat)
        if index.isValid():
            self.list.setCurrentIndex(index)
            if is_other and self.list.isVisible():
                self.list.scrollTo(index)
        elif not on_group:
            self.list.setCurrentIndex(QModelIndex())

    def edit_title(self, chat: int) -> None:
        """Let the person type another title for `chat`."""
        self._edit(self._model.index_of(chat))

    def edit_folder(self, folder: int) -> None:
        """Let the person type another name for `folder`."""
        self._edit(self._model.index_of_folder(folder))

    def start_search(self) -> None:
        """Let the person type what to look for."""
        self.search.start()

    @property
    def words(self) -> str:
        """What is searched, empty for nothing."""
        return self.search.words

    @property
    def results(self) -> "ChatResults":
        """What was found, made when it is first wanted."""
        if self._results is None:
            self._results = self._make_results()
        return self._results

    def show_hits(self, words: str, hits: Sequence[Hit]) -> None:
        """Show where `words` were found, unless something else is searched by now."""
        if words and words == self.words:
            self._has_searched = True
            self.results.show_hits(words, hits)
            self._pages.setCurrentWidget(self.results)
            self._show_hint()

    def end_search(self) -> None:
        """Show the chats again."""
        self.search.clear()

    def minimumSizeHint(self) -> QSize:
        """Return what the line at the top needs in the font of now; all below it gives way."""
        width = max(_MINIMUM_WIDTH, self._top.minimumSize().width())
        return QSize(width, super().minimumSizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        top = self._top = QHBoxLayout()
        top.setContentsMargins(Space.S, 0, Space.S, 0)
        top.setSpacing(0)
        top.addWidget(self._new, 1)
        top.addWidget(self._more)
        top.addWidget(self._collapse)
        seek = QVBoxLayout()
        seek.setContentsMargins(Space.S, Space.XS, Space.S, Space.XS)
        seek.setSpacing(Space.S)
        seek.addWidget(self.search)
        seek.addWidget(self._hint)
        foot = self._foot = QVBoxLayout()
        foot.setContentsMargins(Space.S, 0, Space.S, 0)
        foot.setSpacing(0)
        foot.addWidget(self._models)
        foot.addWidget(self._settings)
        self._pages.addWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.M, 0, Space.S)
        column.setSpacing(Space.XS)
        column.addLayout(top)
        column.addLayout(seek)
        column.addWidget(self._pages, 1)
        column.addLayout(foot)

    def _connect(self) -> None:
        self._new.clicked.connect(self.new_chat_requested)
        self._more.clicked.connect(self._open_new_menu)
        self._collapse.clicked.connect(self.collapse_requested)
        for button, wish in (
            (self._models, self.models_requested),
            (self._settings, self.settings_requested),
        ):
            button.clicked.connect(partial(self._on_place_clicked, button))
            button.clicked.connect(wish)
        self._model.renamed.connect(self.rename_requested)
        self._model.folder_renamed.connect(self.folder_renamed)
        self._settle.timeout.connect(self._select_current)
        lines = self.list
        lines.walked.connect(self._on_walked)
        lines.clicked.connect(self._on_clicked)
        lines.entered_by_key.connect(self._on_entered_by_key)
        lines.opened.connect(self._on_opened)
        lines.delete_pressed.connect(self._on_delete_pressed)
        lines.stepped.connect(self._on_stepped)
        lines.dropped.connect(self._on_dropped)
        lines.editing_ended.connect(self._on_editing_ended)
        lines.customContextMenuRequested.connect(self._on_context_menu_requested)
        self.search.words_typed.connect(self._on_words_typed)
        self.search.focus_changed.connect(self._show_hint)
        self.search.left.connect(self._on_search_left)

    def _make_results(self) -> "ChatResults":
        from desktop.ui.chat_results import ChatResults

        results = ChatResults()
        self._pages.addWidget(results)
        self.search.left_downwards.connect(results.walk_in)
        self.search.entered.connect(results.choose)
        results.letter_typed.connect(self.search.type)
        results.left_upwards.connect(self.search.setFocus)
        results.hit_chosen.connect(self.hit_chosen)
        results.left.connect(self._on_search_left)
        return results

    # The list.

    def _row(self) -> Row | None:
        return self._model.row(self.list.currentIndex())

    def _on_walked(self) -> None:
        row = self._row()
        if isinstance(row, ChatRow):
            self._model.set_open(row.chat.id)
            self._settle.start()
        else:
            self._settle.stop()

    def _select_current(self) -> None:
        self._settle.stop()
        row = self._row()
        if isinstance(row, ChatRow):
            self._model.set_open(row.chat.id)
            self.chat_selected.emit(row.chat.id)

    def _on_clicked(self) -> None:
        row = self._row()
        if isinstance(row, FolderRow | ArchiveRow):
            self._toggle(row)
        else:
            self._select_current()

    def _on_entered_by_key(self, row: Row) -> None:
        self._settle.stop()
        if isinstance(row, ChatRow):
            self.chat_activated.emit(row.chat.id)
        elif isinstance(row, FolderRow | ArchiveRow):
            self._toggle(row)

    def _toggle(self, row: FolderRow | ArchiveRow) -> None:
        is_open = row.folder.is_open if isinstance(row, FolderRow) else row.is_open
        self._on_opened(row, is_open=not is_open)

    def _on_opened(self, row: Row, is_open: bool) -> None:
        if isinstance(row, FolderRow):
            self.folder_toggled.emit(row.folder.id, is_open)
        elif isinstance(row, ArchiveRow):
            self._model.set_archive_open(is_open=is_open)
            index = self._model.index_like(row)
            self.list.setCurrentIndex(index)
            if is_open:
                self.list.scrollTo(index, self.list.ScrollHint.PositionAtTop)

    def _on_delete_pressed(self, row: Row) -> None:
        if isinstance(row, ChatRow):
            self.delete_requested.emit(row.chat.id)
        elif isinstance(row, FolderRow):
            self.folder_delete_requested.emit(row.folder.id)

    def _on_stepped(self, row: Row, step: int) -> None:
        place: ChatPlace | FolderPlace | None = None
        if isinstance(row, ChatRow):
            place = stepped_chat(self._model.content, row.chat, step)
        elif isinstance(row, FolderRow):
            place = stepped_folder(self._model.content, row.folder, step)
        if place is not None:
            self._on_dropped(row, place)

    def _on_dropped(self, row: Row, place: ChatPlace | FolderPlace) -> None:
        match row, place:
            case ChatRow(chat, _), ChatPlace():
                self.chat_moved.emit(chat.id, place)
            case FolderRow(folder, _), FolderPlace():
                self.folder_moved.emit(folder.id, place)
            case _:
                pass
        self.list.scrollTo(self.list.currentIndex())

    def _edit(self, index: QModelIndex) -> None:
        if index.isValid():
            self.list.rename(index)

    def _on_editing_ended(self) -> None:
        # Not now: the list is still closing the field.
        QTimer.singleShot(0, self, self._take_waiting)

    def _take_waiting(self) -> None:
        if self._waiting is not None:
            self.set_content(self._waiting)

    # Menus.

    def _on_context_menu_requested(self, place: QPoint) -> None:
        match self._model.row(self.list.indexAt(place)):
            case ChatRow(chat, _):
                folders: Sequence[Folder] = self._model.content.folders
                self._open(ChatMenu(self, chat, folders, lambda: self.edit_title(chat.id)), place)
            case FolderRow(folder, _):
                self._open(FolderMenu(self, folder, lambda: self.edit_folder(folder.id)), place)
            case _:
                pass

    def _open(self, menu: ChatMenu | FolderMenu, place: QPoint) -> None:
        self.menu_opened.emit(menu)
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _open_new_menu(self) -> None:
        corner = self._more.rect().bottomLeft() + QPoint(0, Space.XS)
        self._new_menu.popup(self._more.mapToGlobal(corner))

    @staticmethod
    def _on_place_clicked(button: TextButton) -> None:
        # The mark follows the page, not the click.
        button.setChecked(not button.isChecked())

    # The search.

    def _on_words_typed(self, words: str) -> None:
        if words:
            self.search_requested.emit(words)
        else:
            self._pages.setCurrentWidget(self.list)
        self._show_hint()

    def _on_search_left(self) -> None:
        self.end_search()
        self.search_left.emit()

    def _show_hint(self) -> None:
        """Say what the search is for until it was used once."""
        is_new = not self._has_searched and not self.words
        self._hint.setVisible(is_new and self.search.hasFocus())

    def _retranslate(self) -> None:
        self._new.setText(self.tr("New chat"))
        self._more.set_label(self.tr("More ways to begin"))
        self._models.setText(self.tr("Models"))
        self._settings.setText(self.tr("Settings"))
        self._collapse.set_label(
            self.tr("Hide the list of chats ({keys})").format(keys=native(SIDEBAR_KEYS))
        )
        self._hint.setText(
            self.tr("Finds words in the titles and texts of all chats. Esc leads back.")
        )
        self.list.setAccessibleName(self.tr("Chats"))
        self._model.retranslate()
