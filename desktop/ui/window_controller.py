"""Connects the window with the chats: which is open, its draft, its title, its end. GUI thread."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.domain.chat import Role
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.errors import StorageError
from desktop.domain.history import Attachment, MessageState, StoredMessage
from desktop.domain.text import Text
from desktop.services.context import Draft
from desktop.services.notes import is_too_long
from desktop.store.chats import ChatStore
from desktop.store.temporary import is_temporary
from desktop.ui.attaching import Attaching
from desktop.ui.banner import Topic
from desktop.ui.chat_beginnings import ChatBeginnings
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_feed import ChatFeed
from desktop.ui.chat_panel_controller import ChatPanelController
from desktop.ui.chat_rows import shown_title
from desktop.ui.draft_history import DraftHistory
from desktop.ui.draft_saving import DraftSaving
from desktop.ui.message_wishes import MessageWishes
from desktop.ui.preferences import Preferences
from desktop.ui.sidebar_controller import SidebarController
from desktop.ui.window import MainWindow

__all__ = ["WindowController"]

_PLACE_MS = 500
_NOTHING_SET = ChatSettings()
_BEING_ANSWERED = Text("An answer is being written here. Stop it first.")

_log = logging.getLogger(__name__)


class WindowController(QObject):
    """One open chat; None is the new chat that exists only as a draft."""

    quit_requested = Signal()
    chat_shown = Signal(object)
    """(chat, or None): it is the open one now."""

    def __init__(
        self,
        window: MainWindow,
        store: ChatStore,
        chats: ChatController,
        preferences: Preferences,
    ) -> None:
        """Show the chats and the one that was open last."""
        super().__init__(window)
        self._window = window
        self._store = store
        self._chats = chats
        self._preferences = preferences
        self._chat: int | None = None
        self._closed = False
        self._settings: ChatPanelController | None = None
        self._given_back: tuple[int, str] | None = None
        self._beginnings = ChatBeginnings(store)
        self._drafts = DraftSaving(store, self)
        self.list = SidebarController(window, store, chats, self)
        self._feed = ChatFeed(window.transcript, chats, self)
        self.wishes = MessageWishes(window.transcript, self._feed, chats, self)
        self._attaching = Attaching(window, window.composer, window.banner)
        self._history = DraftHistory(window.composer, self._sent)
        self._place = QTimer(self, singleShot=True, interval=_PLACE_MS)
        self._place.timeout.connect(self._keep_place)
        window.transcript.set_zoom(preferences.value.window.zoom)
        self._connect()
        self.list.refresh()
        last = preferences.value.window.last_chat
        self._show(last if self.list.summary(last) is not None else None)

    @property
    def chat(self) -> int | None:
        """The open chat."""
        return self._chat

    @property
    def has_chats(self) -> bool:
        """Whether there is any chat."""
        return self.list.has_chats

    def open_chat(self, chat: int | None) -> None:
        """Show another chat, or a new one; the draft of the present one is kept."""
        self._window.show_talk()
        if chat == self._chat:
            self.list.show_open(chat)
            return
        self.save_draft()
        left = self._chat
        self._show(chat)
        self._forget_unused(left)

    def attach(self, settings: ChatPanelController) -> None:
        """Take what keeps the settings of chats, also of the new one; it is told what is shown."""
        self._settings = settings
        self.chat_shown.connect(settings.show_chat)
        settings.show_chat(self._chat)

    def new_chat(self) -> None:
        """Show a new chat, ready to type."""
        self.open_chat(None)
        self._window.composer.focus_field()

    def save_draft(self) -> None:
        """Keep what is typed and not sent."""
        self._keep_draft(self._window.composer.draft())

    def begin_chat(
        self,
        *,
        folder: int | None = None,
        temporary: bool = False,
        settings: ChatSettings = _NOTHING_SET,
        icon: str = "",
    ) -> None:
        """Show a new chat of a special kind, ready to type; left unused, it goes away by itself."""
        try:
            chat = self._beginnings.begin(
                folder=folder, temporary=temporary, settings=settings, icon=icon
            )
        except StorageError as error:
            self._show_problem(error)
            return
        self.list.refresh()
        self._open_to_type(chat)

    def _connect(self) -> None:
        window, chats = self._window, self._chats
        sidebar, menu, keys = window.sidebar, window.header.main_menu, window.shortcuts
        for signal in (sidebar.new_chat_requested, keys.new_chat):
            signal.connect(self.new_chat)
        for signal in (sidebar.temporary_chat_requested, keys.temporary_chat):
            signal.connect(lambda: self.begin_chat(temporary=True))
        sidebar.chat_in_folder_requested.connect(lambda folder: self.begin_chat(folder=folder))
        sidebar.search_left.connect(window.composer.focus_field)
        sidebar.search_left.connect(window.transcript.unlight)
        self.list.chat_wanted.connect(self.open_chat)
        self.list.chat_activated.connect(self._open_to_type)
        self.list.message_wanted.connect(self._show_message)
        self.list.listed.connect(self._show_title)
        self.list.failed.connect(self._show_problem)
        for signal in (menu.rename_requested, keys.rename):
            signal.connect(self.list.edit_title)
        menu.delete_requested.connect(self.list.delete_open)
        for signal in (menu.find_requested, keys.find):
            signal.connect(self._find)
        self._history.edit_last_requested.connect(self._edit_last)
        keys.search.connect(self.list.start_search)
        for signal in (menu.quit_requested, keys.quit):
            signal.connect(self.quit_requested)
        window.composer.submitted.connect(self._on_submitted)
        for signal in (window.composer.stop_requested, keys.stop):
            signal.connect(self._stop)
        window.place_changed.connect(self._place.start)
        keys.composer.connect(window.composer.focus_field)
        window.composer.draft_changed.connect(self._keep_draft)
        window.transcript.example_chosen.connect(self._on_example_chosen)
        # After the wishes: the row in which it was written is another one then.
        window.transcript.edit_submitted.connect(window.composer.focus_field)
        self.wishes.failed.connect(self._show_problem)
        self.wishes.refused.connect(lambda: window.toast.tell(_BEING_ANSWERED))
        self.wishes.branched_off.connect(self.open_chat)
        for failed in (self._feed.failed, window.transcript.reading_failed):
            failed.connect(self._show_problem)
        window.transcript.zoom_changed.connect(self._on_zoom_changed)
        chats.running_changed.connect(self._on_running_changed)
        chats.answer_finished.connect(self._on_answer_finished)
        chats.notice_came.connect(lambda text: window.banner.show_notice(Topic.ANSWER, text))
        chats.not_saved.connect(self._show_problem)
        self._drafts.not_saved.connect(self._show_problem)
        self._drafts.saved.connect(self._solve_storage)
        chats.saved_again.connect(lambda: window.banner.solve(Topic.STORAGE))
        self._preferences.not_saved.connect(self._show_problem)

    def _show(self, chat: int | None) -> None:
        try:
            draft = self._drafts.of(chat)
            self._feed.show(chat)
        except StorageError as error:
            self._show_problem(error)
            self.list.show_open(self._chat)
            return
        self._chat = chat
        self._window.toast.withdraw()
        self._place.start()
        self._window.composer.set_draft(draft)
        self._show_running(running=self._chats.is_running(chat))
        self.list.show_open(chat)
        self._window.header.main_menu.set_chat_open(chat_open=chat is not None)
        self._show_title()
        self.chat_shown.emit(chat)

    def _show_title(self) -> None:
        chat = self.list.summary(self._chat)
        self._window.show_title(shown_title(chat) if chat is not None else "")

    def _on_submitted(self, draft: Draft) -> None:
        earlier = self._chat
        chat = self._ask(draft.text, draft.attachments)
        if chat is not None:
            # The question is on the disk: now, and not before, it may leave the field.
            self._clear_draft(earlier)
            self._show_asked(chat)

    def _on_example_chosen(self, text: str) -> None:
        chat = self._ask(text)
        if chat is not None:
            self.save_draft()
            self._show_asked(chat)
        self._window.composer.focus_field()

    def _ask(self, text: str, attachments: Sequence[Attachment] = ()) -> int | None:
        """Ask in the open chat; return the chat, or None if nothing was asked."""
        if self._chats.is_running(self._chat):
            return None
        # What was said of the answer before is over.
        self._window.banner.solve(Topic.ANSWER)
        kept, is_new = self._settings, self._chat is None
        settings, icon = None, ""
        if kept is not None:
            kept.flush()
            if is_new:
                settings, icon = kept.settings_of_new()
        try:
            chat = self._chats.ask(
                self._chat, text, tuple(attachments), settings=settings, icon=icon
            )
        except StorageError as error:
            self._show_problem(error)
            return None
        if kept is not None and is_new:
            kept.forget_new()
        self._solve_storage()
        return chat

    def _show_asked(self, chat: int) -> None:
        if chat != self._chat:
            self._show(chat)
            self.list.refresh()
            # Not half a second later: a crash just now must not hide the question.
            self._keep_place()

    def _clear_draft(self, chat: int | None) -> None:
        self._window.composer.set_draft("")
        self._drafts.keep(chat, "")

    def _stop(self) -> None:
        if self._chat is not None:
            self._chats.stop(self._chat)

    def _keep_draft(self, draft: str) -> None:
        self._drafts.keep(self._chat, draft)

    def _solve_storage(self) -> None:
        """Take back that the disk refused something, unless an answer still waits for it."""
        if not self._chats.is_behind:
            self._window.banner.solve(Topic.STORAGE)

    def _find(self) -> None:
        if self._window.is_talk_shown:
            self._window.transcript.open_find()

    def _edit_last(self) -> None:
        """Let the last question be changed at its place."""
        if self._chat is None:
            return
        try:
            refs = self._chats.refs(self._chat)
        except StorageError as error:
            self._show_problem(error)
            return
        asked = [one.id for one in refs if one.role is Role.USER]
        if asked:
            self._window.transcript.edit(asked[-1])

    def _on_zoom_changed(self, percent: int) -> None:
        self._preferences.change(lambda now: replace(now, window=replace(now.window, zoom=percent)))

    def _sent(self) -> Sequence[str]:
        """Return what was asked last, in whatever chat."""
        try:
            return self._store.draft_history()
        except StorageError as error:
            self._show_problem(error)
            return ()

    def _open_to_type(self, chat: int | None) -> None:
        self.open_chat(chat)
        self._window.composer.focus_field()

    def _show_message(self, chat: int, message: int, words: str) -> None:
        if chat == self._chat:
            self._window.transcript.show_message(message, words)

    def _forget_unused(self, left: int | None) -> None:
        """Let go of the chat that was open before, if it was begun and nothing was made of it."""
        try:
            is_left = left != self._chat and not self._drafts.waits(left)
            if is_left and self._beginnings.leave(left):
                self.list.refresh()
        except StorageError as error:
            self._show_problem(error)

    def _on_answer_finished(self, chat: int, answer: StoredMessage) -> None:
        if chat == self._chat and answer.state is MessageState.FAILED:
            # The answer's own card says the same, at the place where one is looking.
            self._window.banner.solve(Topic.MODEL_LOADING)
            if is_too_long(answer.note):
                self._give_back(chat, answer)

    def _give_back(self, chat: int, answer: StoredMessage) -> None:
        """Put the question of `answer` where it can be shortened, unless something stands there."""
        if self._window.composer.draft():
            return
        try:
            messages = self._chats.messages(chat)
        except StorageError as error:
            self._show_problem(error)
            return
        question = next((each for each in messages if each.id == answer.parent), None)
        if question is not None:
            self._window.composer.set_question(question.content, question.attachments)
            self.save_draft()
            self._given_back = chat, self._window.composer.draft()

    def _take_back(self) -> None:
        """Empty the field of the question given back: what stands in the chat is answered now."""
        if self._given_back is None:
            return
        (chat, draft), self._given_back = self._given_back, None
        if chat == self._chat:
            if self._window.composer.draft() == draft:
                self._clear_draft(chat)
            return
        try:
            if self._drafts.of(chat) == draft:
                self._drafts.keep(chat, "")
        except StorageError as error:
            self._show_problem(error)

    def _on_running_changed(self, running: frozenset[int]) -> None:
        if self._given_back is not None and self._given_back[0] in running:
            self._take_back()
        self._show_running(running=self._chat in running)

    def _show_running(self, *, running: bool) -> None:
        if not running:
            self._window.toast.take_back(_BEING_ANSWERED)
        self._window.composer.set_running(running)
        self._window.header.set_answering(answering=running)

    def _show_problem(self, error: StorageError) -> None:
        _log.warning("storage: %s", error.title.message)
        self._window.banner.show_error(Topic.STORAGE, error)

    def keep_all(self) -> None:
        """Keep the draft, the window's size and place, and the open chat for the next run."""
        self.save_draft()
        self._keep_place()

    def close(self) -> None:
        """Keep everything and leave the store alone from now on; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._store.wait_longer()
        self.keep_all()
        self._drafts.close()
        self.list.close()
        self._attaching.close()
        self._place.stop()
        self._window.place_changed.disconnect(self._place.start)
        self._window.composer.draft_changed.disconnect(self._keep_draft)

    def _keep_place(self) -> None:
        value = self._preferences.value
        kept = None if self._chat is None or is_temporary(self._chat) else self._chat
        self._preferences.set(replace(value, window=self._window.kept(kept)))
