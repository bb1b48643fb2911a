"""Connects the popup with the chats: each quick question is a chat like any other. GUI thread."""

import logging
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.domain.chat import Role
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.engine import EngineState
from desktop.domain.errors import LapisError, StorageError
from desktop.domain.history import Attachment, MessageState, StoredMessage
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.services.context import Draft
from desktop.store.temporary import is_temporary
from desktop.ui.banner import Remedy, Topic
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_feed import ChatFeed
from desktop.ui.engine_words import short_title, state_words
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
    answer_changed = Signal()
    """Another answer is the last one, or it is whole now, or there is none any more."""
    asked = Signal()
    """A question went out of the popup."""
    models_wanted = Signal()
    """Nobody here can do what was asked for: models are to be shown."""
    load_anyway_wanted = Signal()
    """The model that does not fit into memory is to be loaded all the same."""
    begun_anew = Signal()
    """There is no conversation any more."""

    def __init__(self, popup: Popup, chats: ChatController, parent: QObject | None = None) -> None:
        """Start with an empty popup; conversations are kept until `set_kept`."""
        super().__init__(parent)
        self._popup = popup
        self._chats = chats
        self._feed = ChatFeed(popup.transcript, chats, self)
        self._state = EngineState()
        self._kept = True
        self._model_for_new: Callable[[], str | None] = lambda: None
        self._is_open_elsewhere: Callable[[int], bool] = lambda _chat: False
        self._sees: Callable[[InstalledModel | None], bool | None] = lambda _model: None
        self._rewrite: Callable[[Draft], Draft] = lambda draft: draft
        self._other_model = False
        self._is_guide = False
        self._forget = QTimer(self, singleShot=True, interval=_FORGET_MS)
        self._forget.timeout.connect(self._on_out_of_use)
        popup.language_changed.connect(self.show_model)
        popup.submitted.connect(self._on_submitted)
        popup.stop_requested.connect(self.stop)
        popup.dismissed.connect(self._on_dismissed)
        popup.anew_requested.connect(self._on_anew_requested)
        popup.open_in_window_requested.connect(self._move_to_window)
        wishes = MessageWishes(popup.transcript, self._feed, chats, self)
        wishes.failed.connect(self.show_problem)
        wishes.branched_off.connect(self.chat_wanted)
        for wish in (
            wishes.other_model_wanted,
            wishes.larger_context_wanted,
            wishes.shorter_context_wanted,
        ):
            wish.connect(self._move_to_window)
        wishes.load_anyway_wanted.connect(self.load_anyway_wanted)
        popup.transcript.model_wanted.connect(self._move_to_window)
        popup.banner.remedy_chosen.connect(self._on_remedy_chosen)
        chats.running_changed.connect(self._on_running_changed)
        chats.answer_finished.connect(self._on_changed)
        chats.branch_changed.connect(self._on_changed)
        chats.chats_gone.connect(self._on_chats_gone)
        self._feed.failed.connect(self.show_problem)

    # What those around set.

    def set_engine(self, state: EngineState) -> None:
        """Say in the popup who will answer."""
        self._state = state
        self._popup.transcript.set_crashing(crashing=state.crashes_here)
        self.show_model()

    def set_kept(self, *, kept: bool) -> None:
        """Put conversations that begin from now on among the chats, or let them leave no trace."""
        self._kept = kept
        self._popup.foot.set_kept(kept=kept)

    def set_model(self, name: Callable[[], str | None]) -> None:
        """`name` returns that of the model for a new conversation, None for the usual one."""
        self._model_for_new = name

    def set_sees(self, sees: Callable[[InstalledModel | None], bool | None]) -> None:
        """`sees` returns at once whether a model takes pictures, None where nobody knows."""
        self._sees = sees

    def model_changed(self) -> None:
        """Ask another model from the next question on: one was chosen."""
        self._other_model = True
        self.show_model()

    def set_elsewhere(self, is_open: Callable[[int], bool]) -> None:
        """`is_open` tells whether a chat is on show in the window: then it is not thrown away."""
        self._is_open_elsewhere = is_open

    def set_rewriting(self, rewrite: Callable[[Draft], Draft]) -> None:
        """`rewrite` returns what is asked in place of what was typed."""
        self._rewrite = rewrite

    # What is there.

    @property
    def chat(self) -> int | None:
        """The conversation on show."""
        return self._feed.chat

    @property
    def is_running(self) -> bool:
        """Whether an answer is being written in it."""
        return self._chats.is_running(self._feed.chat)

    def answer(self) -> StoredMessage | None:
        """Return the last answer if it has ended and says something."""
        chat = self._feed.chat
        if chat is None or self._chats.is_running(chat):
            return None
        try:
            refs = self._chats.refs(chat)
            last = refs[-1] if refs else None
            if last is None or last.role is not Role.ASSISTANT:
                return None
            found = self._chats.messages_of([last.id])
        except StorageError as error:
            self.show_problem(error)
            return None
        is_there = found and found[0].content.strip()
        return found[0] if is_there and found[0].state is not MessageState.STREAMING else None

    # What is done.

    def toggle(self) -> None:
        """Show, bring to the front, or hide."""
        self._popup.toggle()
        if self._popup.isVisible():
            self._forget.start()

    def ask(self, text: str, attachments: Sequence[Attachment] = ()) -> bool:
        """Ask in the conversation, or begin one; return whether it was asked."""
        chat = self._feed.chat
        if self._chats.is_running(chat):
            return False
        self._forget.start()
        name = self._model_for_new() if chat is None or self._other_model else None
        settings = ChatSettings(model=name) if name is not None or self._other_model else None
        try:
            asked = self._chats.ask(
                chat, text, attachments, settings=settings, temporary=not self._kept
            )
            self._other_model = False
            if chat is None:
                self._feed.show(asked)
        except StorageError as error:
            self.show_problem(error)
            return False
        self._popup.banner.solve(Topic.STORAGE)
        self._popup.composer.set_draft("")
        if not self._popup.transcript.isVisibleTo(self._popup):
            self._popup.show_conversation(visible=True)
        self._popup.set_running(self._chats.is_running(asked))
        self.asked.emit()
        self.answer_changed.emit()
        return True

    def stop(self) -> None:
        """End the answer that is being written."""
        if self._feed.chat is not None:
            self._chats.stop(self._feed.chat)

    def take_back(self) -> None:
        """Undo a conversation that has only just begun, as if nothing had been asked."""
        chat = self._feed.chat
        if chat is not None:
            self._throw_away(chat)
            self.start_anew()

    def start_anew(self) -> None:
        """Let go of the conversation; one that is to leave no trace is gone."""
        chat = self._feed.chat
        self._other_model = False
        if chat is not None:
            self._feed.show(None)
            if is_temporary(chat) and not self._is_open_elsewhere(chat):
                self._throw_away(chat)
        self._popup.set_running(False)
        self._popup.show_conversation(visible=False)
        self.answer_changed.emit()
        self.begun_anew.emit()

    def show_model(self) -> None:
        """Say who answers, and how that model is."""
        name = self._model_for_new()
        settings = ChatSettings(model=name)
        try:
            # The engine may have another one for a while, because a chat wants it.
            model = self._chats.model_for(settings) or self._state.model
        except LapisError:
            self._popup.set_model(name or "", is_guide=False)
            return
        is_here = self._state.model is not None and model == self._state.model
        words = state_words(self._state)[0] if is_here else ""
        self._is_guide = model is not None and model.is_guide
        if not self._is_guide:
            self._popup.banner.solve(Topic.MODEL_CHOICE)
        self._popup.set_model(
            short_title(model),
            is_guide=self._is_guide,
            state=words,
            leaves_to=model.leaves_to if model is not None else "",
        )
        self._popup.composer.show_sight(model, lambda: self._sees(model))

    def can_work_with_texts(self) -> bool:
        """Tell whether there is a model for more than questions about Lapis; else say so."""
        if self._is_guide:
            self._popup.banner.show_notice(
                Topic.MODEL_CHOICE,
                Text("This needs a model"),
                Text("The built-in guide knows nothing but Lapis."),
                Remedy.CHOOSE_MODEL,
            )
        return not self._is_guide

    def show_problem(self, error: LapisError) -> None:
        """Say in the popup what went wrong."""
        _log.warning("popup: %s", error.title.message)
        self._popup.banner.show_error(Topic.STORAGE, error)

    def _on_remedy_chosen(self, remedy: Remedy) -> None:
        if remedy is Remedy.CHOOSE_MODEL:
            self._popup.hide()
            self.models_wanted.emit()

    def _on_submitted(self, draft: Draft) -> None:
        asked = self._rewrite(draft)
        self.ask(asked.text, asked.attachments)

    def _throw_away(self, chat: int) -> None:
        try:
            self._chats.discard(chat)
        except StorageError as error:
            self.show_problem(error)

    def _move_to_window(self) -> None:
        chat = self._feed.chat
        if chat is not None:
            self._popup.hide()
            # The window has it from now on, and it is not thrown away.
            self._feed.show(None)
            self.start_anew()
            self.chat_wanted.emit(chat)

    def _on_dismissed(self) -> None:
        # An answer still to come has not been read: it waits for the next look.
        if not self.is_running:
            self.start_anew()

    def _on_anew_requested(self) -> None:
        if not self.is_running and self._feed.chat is not None:
            self.start_anew()

    def _on_out_of_use(self) -> None:
        if self._popup.isVisible() or self.is_running:
            self._forget.start()
        else:
            self.start_anew()

    def _on_running_changed(self, running: frozenset[int]) -> None:
        self._popup.set_running(self._feed.chat in running)
        self.answer_changed.emit()

    def _on_chats_gone(self, gone: frozenset[int]) -> None:
        if self._feed.chat in gone:
            # Deleted in the window: undone there, it comes back as it is.
            self._feed.show(None)
            self.start_anew()

    def _on_changed(self, chat: int) -> None:
        if chat == self._feed.chat:
            self.answer_changed.emit()
