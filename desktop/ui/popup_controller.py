"""Connects the popup with the chats: each quick question is a chat like any other. GUI thread."""

import logging

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.domain.engine import EngineState
from desktop.domain.errors import StorageError
from desktop.domain.history import Attachment
from desktop.ui.banner import Topic
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_feed import ChatFeed
from desktop.ui.engine_words import model_title
from desktop.ui.message_wishes import MessageWishes
from desktop.ui.popup import Popup

__all__ = ["PopupController"]

_FORGET_MS = 10 * 60_000

_log = logging.getLogger(__name__)


class PopupController(QObject):
    """Further questions go to the same chat until the popup is dismissed or long out of use.

    Dismissed while an answer is being written, it shows that answer when it comes up again.
    """

    chat_wanted = Signal(int)
    """(chat): show it in the main window."""

    def __init__(self, popup: Popup, chats: ChatController, parent: QObject | None = None) -> None:
        """Start with an empty popup."""
        super().__init__(parent)
        self._popup = popup
        self._chats = chats
        self._feed = ChatFeed(popup.transcript, chats, self)
        self._state = EngineState()
        self._forget = QTimer(self, singleShot=True, interval=_FORGET_MS)
        self._forget.timeout.connect(self._on_out_of_use)
        popup.language_changed.connect(self._show_model)
        popup.submitted.connect(lambda draft: self._ask(draft.text, draft.attachments))
        popup.stop_requested.connect(self._stop)
        popup.dismissed.connect(self._on_dismissed)
        popup.open_in_window_requested.connect(self._move_to_window)
        wishes = MessageWishes(popup.transcript, self._feed, chats, self)
        wishes.failed.connect(self._show_problem)
        wishes.branched_off.connect(self.chat_wanted)
        for wish in (wishes.other_model_wanted, wishes.larger_context_wanted):
            wish.connect(self._move_to_window)
        popup.transcript.model_wanted.connect(self._move_to_window)
        popup.transcript.example_chosen.connect(self._ask)
        chats.running_changed.connect(self._on_running_changed)
        self._feed.failed.connect(self._show_problem)

    def set_engine(self, state: EngineState) -> None:
        """Say in the popup who will answer."""
        self._state = state
        self._popup.transcript.set_crashing(crashing=state.crashes_here)
        self._show_model()

    def toggle(self) -> None:
        """Show, bring to the front, or hide."""
        self._popup.toggle()
        if self._popup.isVisible():
            self._forget.start()

    def _ask(self, text: str, attachments: tuple[Attachment, ...] = ()) -> None:
        chat = self._feed.chat
        if self._chats.is_running(chat):
            return
        self._forget.start()
        try:
            asked = self._chats.ask(chat, text, attachments)
            if chat is None:
                self._feed.show(asked)
        except StorageError as error:
            self._show_problem(error)
            return
        self._popup.banner.solve(Topic.STORAGE)
        self._popup.composer.set_draft("")
        self._popup.show_conversation(visible=True)
        self._popup.set_running(self._chats.is_running(asked))

    def _stop(self) -> None:
        if self._feed.chat is not None:
            self._chats.stop(self._feed.chat)

    def _move_to_window(self) -> None:
        chat = self._feed.chat
        if chat is not None:
            self._popup.hide()
            self._start_anew()
            self.chat_wanted.emit(chat)

    def _on_dismissed(self) -> None:
        # An answer still to come has not been read: it waits for the next look.
        if not self._chats.is_running(self._feed.chat):
            self._start_anew()

    def _on_out_of_use(self) -> None:
        if self._popup.isVisible() or self._chats.is_running(self._feed.chat):
            self._forget.start()
        else:
            self._start_anew()

    def _start_anew(self) -> None:
        if self._feed.chat is not None:
            self._feed.show(None)
        self._popup.set_running(False)
        self._popup.show_conversation(visible=False)

    def _on_running_changed(self, running: frozenset[int]) -> None:
        self._popup.set_running(self._feed.chat in running)

    def _show_model(self) -> None:
        # The engine may have another one for a while, because a chat wants it.
        model = self._chats.model_of(None) or self._state.model
        is_guide = model is not None and model.is_guide
        self._popup.set_model(model_title(model), is_guide=is_guide)

    def _show_problem(self, error: StorageError) -> None:
        _log.warning("storage: %s", error.title.message)
        self._popup.banner.show_error(Topic.STORAGE, error)
