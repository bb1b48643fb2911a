"""Connects the list of chats with the store: arranging, renaming, deleting with undo, searching.

Which chat is open is the window's matter: it is told here, and asked for from here. GUI thread.
"""

import heapq
import itertools
from collections.abc import Callable, Sequence
from datetime import date, datetime

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.domain.errors import StorageError
from desktop.domain.history import ChatSummary, Folder
from desktop.domain.text import Text
from desktop.store.chats import ChatStore
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_places import ChatPlace, FolderPlace
from desktop.ui.chat_rows import Area, Content, shown_name, shown_title
from desktop.ui.translation import say
from desktop.ui.window import MainWindow

__all__ = ["SidebarController"]

_CALENDAR_MS = 60_000


class SidebarController(QObject):
    """Keeps the list as the store has it; the words of undo stand in the window's toast."""

    chat_wanted = Signal(object)
    """(chat or None): show it."""
    chat_activated = Signal(object)
    """(chat or None): show it; the typing goes on in its composer."""
    message_wanted = Signal(int, int, str)
    """(chat, message, words): show this message of the chat that is open now."""
    listed = Signal()
    """The list was read again: titles may be other ones."""
    failed = Signal(object)
    """(StorageError)"""

    def __init__(
        self, window: MainWindow, store: ChatStore, chats: ChatController, parent: QObject
    ) -> None:
        """Show nothing yet: `refresh` does."""
        super().__init__(parent)
        self._window = window
        self._sidebar = window.sidebar
        self._store = store
        self._chats = chats
        self._open: int | None = None
        self._content = Content()
        self._known: dict[int, ChatSummary] = {}
        self._undo: tuple[Text, Callable[[], bool]] | None = None
        self._undo_key = 0
        self._keys = itertools.count(1)
        self._calendar = QTimer(self, interval=_CALENDAR_MS)
        self._calendar.timeout.connect(self._on_minute_passed)
        self._day = _today()
        self._calendar.start()
        self._connect()

    @property
    def has_chats(self) -> bool:
        """Whether there is any chat."""
        return bool(self._known)

    def summary(self, chat: int | None) -> ChatSummary | None:
        """Return what the list knows of `chat`; None for one that is not listed."""
        return self._known.get(chat) if chat is not None else None

    def recent(self, most: int) -> list[ChatSummary]:
        """Return the chats that were used last, the newest first.

        Without temporary ones, which leave no trace, and without what was put away.
        """
        kept = (chat for chat in self._content.chats if not chat.temporary)
        return heapq.nlargest(most, kept, key=lambda chat: chat.updated)

    def show_open(self, chat: int | None) -> None:
        """Mark `chat` as the open one."""
        self._open = chat
        self._sidebar.set_current(chat)

    def refresh(self) -> None:
        """Read chats and folders again."""
        store = self._store
        try:
            content = Content(store.chats(), store.folders(), store.archived())
        except StorageError as error:
            self.failed.emit(error)
            return
        self._content = content
        self._known = {chat.id: chat for chat in (*content.chats, *content.archived)}
        self._sidebar.set_content(content)
        self._sidebar.set_current(self._open)
        self.listed.emit()

    def edit_title(self) -> None:
        """Let the person type another title for the open chat."""
        if self._open is not None:
            self._show_sidebar()
            self._sidebar.end_search()
            self._sidebar.edit_title(self._open)

    def delete_open(self) -> None:
        """Delete the open chat."""
        if self._open is not None:
            self._delete(self._open)

    def start_search(self) -> None:
        """Let the person type what to look for."""
        self._show_sidebar()
        self._sidebar.start_search()

    def close(self) -> None:
        """Leave the store alone from now on; idempotent."""
        self._calendar.stop()

    def _connect(self) -> None:
        wishes = self._sidebar
        # Qt has no way from a number to an object that may be None.
        wishes.chat_selected.connect(self.chat_wanted.emit)
        wishes.chat_activated.connect(self.chat_activated.emit)
        wishes.rename_requested.connect(self._rename)
        wishes.delete_requested.connect(self._delete)
        wishes.pin_requested.connect(self._pin)
        wishes.archive_requested.connect(self._archive)
        wishes.chat_moved.connect(self._move)
        wishes.folder_requested.connect(self._add_folder)
        wishes.chat_in_folder_requested.connect(self._open_folder)
        wishes.folder_renamed.connect(self._rename_folder)
        wishes.folder_delete_requested.connect(self._delete_folder)
        wishes.folder_toggled.connect(self._toggle_folder)
        wishes.folder_moved.connect(self._move_folder)
        wishes.search_requested.connect(self._search)
        wishes.hit_chosen.connect(self._on_hit_chosen)
        self._chats.running_changed.connect(wishes.set_running)
        self._chats.chats_changed.connect(self.refresh)
        self._window.toast.undo_requested.connect(self._on_undo_requested)

    def _does(self, act: Callable[[], object]) -> bool:
        """Let `act` write, all of it or nothing, and show the list as it is then."""
        try:
            with self._store.transaction():
                act()
        except StorageError as error:
            self.failed.emit(error)
            return False
        self.refresh()
        return True

    def _on_minute_passed(self) -> None:
        if self._day != _today():
            self._day = _today()
            self.refresh()

    # Chats.

    def _rename(self, chat: int, title: str) -> None:
        self._does(lambda: self._store.rename(chat, title))

    def _pin(self, chat: int, pinned: bool) -> None:
        self._does(lambda: self._store.set_pinned(chat, pinned))

    def _delete(self, chat: int) -> None:
        title = self._title(chat)
        neighbour = self._neighbour(chat)
        if self._does(lambda: self._store.delete(chat)):
            self._chats.leave([chat])
            self._search_again()
            self._go_on(chat, neighbour)
            text = Text("“{title}” is deleted", {"title": title})
            self._offer_undo(text, lambda: self._bring_back(chat, self._store.restore))

    def _archive(self, chat: int, archived: bool) -> None:
        title = self._title(chat)
        neighbour = self._neighbour(chat)
        if not self._does(lambda: self._store.set_archived(chat, archived)):
            return
        if archived:
            self._go_on(chat, neighbour)
            text = Text("“{title}” is in the archive", {"title": title})
            self._offer_undo(
                text,
                lambda: self._bring_back(chat, lambda one: self._store.set_archived(one, False)),
            )

    def _go_on(self, chat: int, neighbour: int | None) -> None:
        """Show another chat if `chat`, which is gone from the list, is the open one."""
        self.chat_activated.emit(neighbour if chat == self._open else self._open)

    def _bring_back(self, chat: int, restore: Callable[[int], None]) -> bool:
        done = self._does(lambda: restore(chat))
        if done:
            self._search_again()
            self.chat_activated.emit(chat)
        return done

    def _neighbour(self, chat: int) -> int | None:
        """Return the chat that is next to `chat` in its group, or the next best."""
        content = self._content
        for group in (content.pinned, *content.inside.values(), content.loose):
            ids = [each.id for each in group]
            if chat in ids and len(ids) > 1:
                at = ids.index(chat)
                return ids[at + 1] if at + 1 < len(ids) else ids[at - 1]
        return next((each.id for each in content.chats if each.id != chat), None)

    def _move(self, chat: int, place: ChatPlace) -> None:
        summary = self._known.get(chat)
        if summary is None:
            return
        if place.area is Area.ARCHIVE:
            self._archive(chat, archived=True)
        else:
            self._does(lambda: self._put(summary, place))

    def _put(self, chat: ChatSummary, place: ChatPlace) -> None:
        store = self._store
        if chat.archived:
            store.set_archived(chat.id, False)
        pinned = place.area is Area.PINNED
        if chat.pinned != pinned:
            store.set_pinned(chat.id, pinned)
        match place.area:
            case Area.PINNED:
                store.move(chat.id, chat.folder, place.before)
            case Area.FOLDER:
                store.move(chat.id, place.folder, place.before)
            case _ if chat.folder is not None:
                store.move(chat.id, None, _older(self._content.loose, chat))
            case _:
                pass

    def _title(self, chat: int) -> str:
        return shown_title(self._known[chat]) if chat in self._known else ""

    # Folders.

    def _add_folder(self, chat: int | None) -> None:
        made: list[Folder] = []

        def add() -> None:
            folder = self._store.add_folder(say(Text("New folder")))
            made.append(folder)
            if chat is not None and chat in self._known:
                self._put(self._known[chat], ChatPlace(Area.FOLDER, folder.id))

        if self._does(add):
            self._show_sidebar()
            self._sidebar.end_search()
            self._sidebar.edit_folder(made[0].id)

    def _rename_folder(self, folder: int, name: str) -> None:
        self._does(lambda: self._store.rename_folder(folder, name))

    def _delete_folder(self, folder: int) -> None:
        name = next((shown_name(each) for each in self._content.folders if each.id == folder), "")
        if self._does(lambda: self._store.delete_folder(folder)):
            self._offer_undo(
                Text("Folder “{name}” is deleted, its chats are not", {"name": name}),
                lambda: self._does(lambda: self._store.restore_folder(folder)),
            )

    def _toggle_folder(self, folder: int, is_open: bool) -> None:
        self._does(lambda: self._store.set_folder_open(folder, is_open))

    def _open_folder(self, folder: int) -> None:
        self._toggle_folder(folder, is_open=True)

    def _move_folder(self, folder: int, place: FolderPlace) -> None:
        self._does(lambda: self._store.move_folder(folder, place.before))

    # Undo.

    def _offer_undo(self, text: Text, undo: Callable[[], bool]) -> None:
        """Say `text` and offer `undo`, once more where it says that it could not be done."""
        self._undo = text, undo
        self._undo_key = next(self._keys)
        self._window.toast.offer_undo(text, self._undo_key)

    def _on_undo_requested(self, key: int) -> None:
        offered, self._undo = self._undo, None
        if key == self._undo_key and offered is not None:
            text, undo = offered
            if not undo():
                self._offer_undo(text, undo)

    # The search.

    def _search(self, words: str) -> None:
        try:
            hits = self._store.search(words)
        except StorageError as error:
            self.failed.emit(error)
            return
        self._sidebar.show_hits(words, hits)

    def _search_again(self) -> None:
        if self._sidebar.words:
            self._search(self._sidebar.words)

    def _on_hit_chosen(self, chat: int, message: int | None, words: str) -> None:
        self.chat_wanted.emit(chat)
        if message is None:
            return
        try:
            if all(ref.id != message for ref in self._chats.refs(chat)):
                # It stands in a branch that was left.
                self._chats.choose_sibling(chat, message)
        except StorageError as error:
            self.failed.emit(error)
            return
        self.message_wanted.emit(chat, message, words)

    def _show_sidebar(self) -> None:
        if not self._window.is_sidebar_shown:
            self._window.toggle_sidebar()


def _today() -> date:
    return datetime.now().astimezone().date()


def _older(chats: Sequence[ChatSummary], chat: ChatSummary) -> int | None:
    """Return the first of `chats`, newest first, that was last used before `chat` was."""
    kept = (each for each in chats if not each.temporary)
    return next((each.id for each in kept if each.updated < chat.updated), None)
