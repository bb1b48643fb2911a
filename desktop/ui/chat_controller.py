"""Answers being written, in whichever chats: asked, grown, saved, stopped, finished.

Knows no widget: a window and a popup listen to the same signals, each for the chat it shows.
GUI thread; the engine's thread comes in through the bridge.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.domain.chat import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    Notice,
    PromptProgress,
    Queued,
    ReasoningDelta,
    StopReason,
    TextDelta,
    TokenChosen,
    ToolCalled,
    Usage,
)
from desktop.domain.engine import EngineState, Phase
from desktop.domain.history import StoredMessage
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.services.conversation import Conversations, Exchange
from desktop.services.manner import settings_for, template_for, with_choice
from desktop.store.chats import ChatStore
from desktop.ui.bridge import Bridge
from desktop.ui.engine_words import loading_words
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.translation import say

__all__ = ["AnswerEngine", "ChatController"]

_SAVE_MS = 500
_NO_USAGE = Usage(0, 0, 0, 0.0, 0.0, 0.0)


class AnswerEngine(Protocol):
    """The part of `services.engine.Engine` that answers."""

    @property
    def state(self) -> EngineState:
        """Return the latest picture, which may be ahead of the bridge."""
        ...

    def ask(self, request: ChatRequest, listener: Callable[[Event], None]) -> int:
        """Queue a request and return its number."""
        ...

    def cancel(self, request: int) -> None:
        """Stop a request."""
        ...

    def use_full_settings(self, model: InstalledModel) -> None:
        """Load `model` without what was given up for it after crashes."""
        ...

    def forget_states(self) -> None:
        """Drop what was kept of texts that were read."""
        ...


@dataclass(slots=True)
class _Run:
    """An answer on its way. `request` is the engine's number, None until it was asked."""

    exchange: Exchange
    request: int | None = None
    spoken: bool = False
    activity: str = ""


class ChatController(QObject):
    """At most one answer runs in each chat; all methods return at once."""

    exchange_started = Signal(int, object, object)
    """(chat, question, empty answer): both are new at the end of the chat."""
    messages_replaced = Signal(int)
    """(chat): show all of its messages anew."""
    text_grew = Signal(int, str, bool)
    """(chat, piece, is thinking)"""
    activity_changed = Signal(int, str)
    """(chat, words or empty)"""
    answer_finished = Signal(int, object)
    """(chat, StoredMessage)"""
    running_changed = Signal(object)
    """(frozenset of chats)"""
    chats_changed = Signal()
    """Titles, order or number of chats are other ones now."""
    notice_came = Signal(object)
    """(Text)"""
    not_saved = Signal(object)
    """(StorageError): what is on the screen is ahead of what is on the disk."""
    saved_again = Signal()
    own_template_changed = Signal(str)
    """(see `own_template`)"""

    def __init__(
        self,
        store: ChatStore,
        preferences: Preferences,
        own: OwnSettings,
        bridge: Bridge,
        parent: QObject | None = None,
    ) -> None:
        """Start with nothing running and no engine; questions wait until `attach`."""
        super().__init__(parent)
        self._store = store
        self._preferences = preferences
        self._own = own
        self._bridge = bridge
        self._engine: AnswerEngine | None = None
        self._engine_state = EngineState()
        self._own_template = ""
        self._conversations = Conversations(store)
        self._tickets = itertools.count(1)
        self._runs: dict[int, _Run] = {}
        self._unsaved: list[Exchange] = []
        self._failing = False
        self._timer = QTimer(self, interval=_SAVE_MS)
        self._timer.timeout.connect(self._save)
        bridge.event_arrived.connect(self._on_event_arrived)
        bridge.engine_changed.connect(self._on_engine_changed)
        own.changed.connect(self._tell_own_template)

    def attach(self, engine: AnswerEngine) -> None:
        """Take the engine, and ask it what was asked meanwhile."""
        self._engine = engine
        self._engine_state = engine.state
        self._tell_own_template()
        for ticket, run in list(self._runs.items()):
            self._put(ticket, run)

    # What a front end asks for.

    def messages(self, chat: int) -> list[StoredMessage]:
        """Return the messages of `chat`, a growing answer as far as it is; raises StorageError."""
        found = self._store.messages(chat)
        ahead = {run.exchange.answer.id: run.exchange for run in self._runs.values()}
        ahead |= {exchange.answer.id: exchange for exchange in self._unsaved}
        return [_live(ahead[each.id]) if each.id in ahead else each for each in found]

    def ask(self, chat: int | None, text: str) -> int:
        """Save `text` as a question, start its answer, return the chat; raises StorageError.

        None makes a new chat. When this raises, nothing was asked.
        """
        with self._store.transaction():
            asked = chat if chat is not None else self._store.create().id
            exchange = self._conversations.begin(asked, text, self._model_name())
        self._start(exchange)
        self.exchange_started.emit(asked, exchange.question, exchange.answer)
        return asked

    def answer_again(self, chat: int) -> None:
        """Answer the last question of `chat` once more, beside the old answer.

        Raises StorageError.
        """
        if self.is_running(chat):
            return
        exchange = self._conversations.regenerate(chat, self._model_name())
        if exchange is not None:
            self._start(exchange)
            self.messages_replaced.emit(chat)

    def try_again(self, chat: int) -> None:
        """Answer a question anew whose answer failed; raises StorageError.

        A model that crashes here is loaded anyway: who asks for this has read the reason.
        """
        state = self._engine_state
        if self._engine is not None and state.crashes_here and state.model is not None:
            self._engine.use_full_settings(state.model)
        self.answer_again(chat)

    def answer_with_builtin_template(self, chat: int) -> None:
        """Answer again, from now on with a built-in template for the chosen model.

        Raises StorageError.
        """
        model = self._engine_state.model
        if model is not None:
            self._own.set(model, with_choice(self._own.of(model), builtin=True))
        self.answer_again(chat)

    @property
    def own_template(self) -> str:
        """The name of the chosen model if it is asked with the template in its file, or empty."""
        return self._own_template

    def stop(self, chat: int) -> bool:
        """End the answer of `chat`; what was written stays. Return whether one was running."""
        found = self._find(chat)
        if found is None:
            return False
        ticket, run = found
        if run.request is not None and self._engine is not None:
            self._engine.cancel(run.request)
        else:
            self._on_event_arrived(ticket, Finished(StopReason.STOPPED, _NO_USAGE))
        return True

    def forget_states(self) -> None:
        """Let the engine drop what it kept of the chats it read, since one of them is deleted."""
        if self._engine is not None:
            self._engine.forget_states()

    def is_running(self, chat: int | None) -> bool:
        """Return whether an answer is being written in `chat`."""
        return chat is not None and self._find(chat) is not None

    def activity(self, chat: int) -> str:
        """Return what is going on in `chat` before its answer starts, or nothing."""
        found = self._find(chat)
        return found[1].activity if found is not None else ""

    def close(self) -> None:
        """Save what is running, as far as it came, as stopped; idempotent."""
        self._timer.stop()
        for ticket in list(self._runs):
            self._on_event_arrived(ticket, Finished(StopReason.STOPPED, _NO_USAGE))
        self._timer.stop()
        self._save_all()

    # What comes from the engine.

    def _on_event_arrived(self, ticket: int, event: Event) -> None:
        run = self._runs.get(ticket)
        if run is None:
            return
        chat = run.exchange.chat
        ended = isinstance(event, Finished | Failed)
        if ended:
            del self._runs[ticket]
        run.exchange.handle(event)
        self._is_saved(run.exchange)
        match event:
            case TextDelta() | ReasoningDelta():
                self._speak(run)
                self.text_grew.emit(chat, event.text, isinstance(event, ReasoningDelta))
            case Queued():
                self._show_activity(run, _waiting(event))
            case PromptProgress():
                self._show_activity(run, _reading(event))
            case Notice():
                self.notice_came.emit(event.text)
            case ToolCalled() | TokenChosen():
                # Nothing in the window asks for them.
                pass
            case Finished() | Failed():
                self._speak(run)
                self.answer_finished.emit(chat, run.exchange.answer)
                self._tell_running()
                self.chats_changed.emit()

    def _on_engine_changed(self, state: EngineState) -> None:
        self._engine_state = state
        self._tell_own_template()
        for run in self._runs.values():
            if not run.spoken:
                self._show_activity(run, self._first_words())

    # Saving.

    def _save(self) -> None:
        self._save_all()
        if not self._runs and not self._unsaved:
            self._timer.stop()

    def _save_all(self) -> None:
        for exchange in [*self._unsaved, *(run.exchange for run in self._runs.values())]:
            exchange.flush()
            if not self._is_saved(exchange):
                return

    def _is_saved(self, exchange: Exchange) -> bool:
        """Tell when saving begins to fail and when it works again."""
        error = exchange.save_error
        if error is not None:
            if exchange.finished and exchange not in self._unsaved:
                self._unsaved.append(exchange)
            if not self._failing:
                self._failing = True
                self.not_saved.emit(error)
            return False
        if exchange in self._unsaved:
            self._unsaved.remove(exchange)
        if self._failing and not self._unsaved:
            self._failing = False
            self.saved_again.emit()
        return True

    # Running.

    def _start(self, exchange: Exchange) -> None:
        ticket = next(self._tickets)
        run = _Run(exchange, activity=self._first_words())
        self._runs[ticket] = run
        self._timer.start()
        self._tell_running()
        self.chats_changed.emit()
        self._put(ticket, run)

    def _put(self, ticket: int, run: _Run) -> None:
        if self._engine is None or run.request is not None:
            return
        settings, model = self._preferences.value, self._engine_state.model
        template = ""
        if model is not None:
            own = self._own.of(model)
            settings, template = settings_for(model, settings, own), template_for(own)
        request = self._conversations.request(run.exchange, settings)
        request = replace(request, builtin_template=template)
        run.request = self._engine.ask(request, self._bridge.listener(ticket))
        # It may have been set elsewhere since.
        self._tell_own_template()

    def _find(self, chat: int) -> tuple[int, _Run] | None:
        for ticket, run in self._runs.items():
            if run.exchange.chat == chat:
                return ticket, run
        return None

    def _speak(self, run: _Run) -> None:
        if not run.spoken:
            run.spoken = True
            self._show_activity(run, "")

    def _show_activity(self, run: _Run, words: str) -> None:
        if run.activity != words:
            run.activity = words
            self.activity_changed.emit(run.exchange.chat, words)

    def _first_words(self) -> str:
        if self._engine_state.phase is Phase.LOADING:
            words = loading_words(self._engine_state)
            return say(Text("Waiting for the model · {progress}", {"progress": words}))
        return say(Text("Reading the question"))

    def _tell_running(self) -> None:
        chats = frozenset(run.exchange.chat for run in self._runs.values())
        self.running_changed.emit(chats)

    def _tell_own_template(self) -> None:
        model = self._engine_state.model
        own = model.name if model is not None and not template_for(self._own.of(model)) else ""
        if own != self._own_template:
            self._own_template = own
            self.own_template_changed.emit(own)

    def _model_name(self) -> str:
        model = self._engine_state.model
        return model.name if model is not None else self._preferences.value.model


def _live(exchange: Exchange) -> StoredMessage:
    return replace(exchange.answer, content=exchange.text, reasoning=exchange.reasoning)


def _waiting(event: Queued) -> str:
    if event.place <= 1:
        return say(Text("Waiting: next in line"))
    return say(Text("Waiting: number {place} in line", {"place": event.place}))


def _reading(event: PromptProgress) -> str:
    values = {"done": f"{event.done:,}", "total": f"{event.total:,}"}
    return say(Text("Reading {done} of {total} tokens", values))
