"""Answers on their way: what is asked of the engine, what it tells of them, how they end.

Several run at once, in different chats; whose turn it is the engine knows. GUI thread; the engine's
threads come in through the bridge.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from desktop.domain.chat import (
    NOTHING_USED,
    Event,
    Failed,
    Finished,
    Notice,
    PromptProgress,
    Queued,
    ReasoningDelta,
    StopReason,
    TextDelta,
    ToolCalled,
)
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.engine import EngineState
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.services.conversation import Conversations
from desktop.services.exchange import Exchange
from desktop.services.manner import settings_for, template_for
from desktop.services.model_turns import Wanted
from desktop.ui.answer_engine import AnswerEngine, ChosenModels
from desktop.ui.answer_saving import AnswerSaving
from desktop.ui.answer_words import beginning_words, line_words, reading_words
from desktop.ui.bridge import Bridge
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.translation import say

__all__ = ["AnswerRuns", "Run"]

_UNKNOWN: Final = InstalledModel("", "", Path(), 0)


@dataclass(slots=True)
class Run:
    """An answer on its way, in a chat with `settings`, whose `model` may be another one just once.

    `request` is the engine's number, None until it was asked; what is `held` is not asked yet.
    `waits`: answers by another model come first.
    """

    exchange: Exchange
    settings: ChatSettings = field(default_factory=ChatSettings)
    request: int | None = None
    waits: bool = False
    spoken: bool = False
    held: bool = False
    activity: str = ""


class AnswerRuns(QObject):
    """At most one answer runs in each chat; all methods return at once."""

    text_grew = Signal(int, str, bool)
    """(chat, piece, is thinking)"""
    activity_changed = Signal(int, str)
    """(chat, words or empty)"""
    asked = Signal()
    """The engine was asked."""
    ended = Signal(object)
    """(Exchange)"""
    running_changed = Signal(object)
    """(frozenset of chats)"""
    notice_came = Signal(object)
    """(Text)"""

    def __init__(
        self,
        conversations: Conversations,
        preferences: Preferences,
        own: OwnSettings,
        bridge: Bridge,
        parent: QObject,
    ) -> None:
        """Start with nothing running and no engine; answers wait until `attach`."""
        super().__init__(parent)
        self._conversations = conversations
        self._preferences = preferences
        self._own = own
        self._bridge = bridge
        self._engine: AnswerEngine | None = None
        self._models: ChosenModels | None = None
        self._runs: dict[int, Run] = {}
        self.saving = AnswerSaving(lambda: (run.exchange for run in self._runs.values()), self)
        bridge.event_arrived.connect(self._on_event_arrived)
        bridge.engine_changed.connect(self._on_engine_changed)

    def attach(self, engine: AnswerEngine, models: ChosenModels | None = None) -> None:
        """Take the engine, and ask it what was asked meanwhile.

        Without `models` everything is asked of whatever model the engine has.
        """
        self._engine = engine
        self._models = models
        self._advance()

    def start(self, exchange: Exchange, settings: ChatSettings, held: str = "") -> None:
        """Have the answer of `exchange` written as soon as it is its turn.

        With words to be shown meanwhile it is `held` until `go_on`.
        """
        ticket = self._bridge.new_ticket()
        self._runs[ticket] = run = Run(exchange, settings, held=bool(held))
        run.activity = held or self._first_words()
        self.saving.start()
        self._tell_running()
        self._advance()

    def hold_with(self, chat: int, words: str) -> None:
        """Say something else about an answer that is held."""
        run = self.of(chat)
        if run is not None and run.held:
            self._show_activity(run, words)

    def go_on(self, chat: int, settings: ChatSettings) -> None:
        """Let an answer be asked for that was held, in a chat with these settings now."""
        run = self.of(chat)
        if run is not None and run.held:
            run.held, run.settings = False, settings
            self._show_activity(run, self._first_words())
            self._advance()

    def give_up(self, chat: int, error: LapisError) -> None:
        """End an answer that was held as failed."""
        for ticket, run in list(self._runs.items()):
            if run.exchange.chat == chat and run.held:
                self._on_event_arrived(ticket, Failed(error))

    def stop(self, chat: int) -> bool:
        """End the answer of `chat`; what was written stays. Return whether one was running."""
        for ticket, run in self._runs.items():
            if run.exchange.chat == chat:
                if run.request is not None and self._engine is not None:
                    self._engine.cancel(run.request)
                else:
                    self._on_event_arrived(ticket, Finished(StopReason.STOPPED, NOTHING_USED))
                return True
        return False

    def of(self, chat: int) -> Run | None:
        """Return the answer that is being written in `chat`."""
        return next((run for run in self._runs.values() if run.exchange.chat == chat), None)

    def exchanges(self) -> Iterator[Exchange]:
        """Yield the answers that are ahead of the disk: growing ones, and ended, unsaved ones."""
        yield from self.saving.unsaved
        yield from (run.exchange for run in self._runs.values())

    @property
    def chats(self) -> frozenset[int]:
        """The chats in which answers run or wait."""
        return frozenset(run.exchange.chat for run in self._runs.values())

    def model_for(self, settings: ChatSettings) -> InstalledModel | None:
        """Return the model that a chat with `settings` is answered by; raises LapisError."""
        if self._models is not None and settings.model is not None:
            return self._models.find(settings.model)
        general = None if self._models is None else self._models.general
        return general or (None if self._engine is None else self._engine.state.model)

    def close(self) -> None:
        """Save what is running, as far as it came, as stopped; idempotent."""
        self._engine = None
        for ticket in list(self._runs):
            self._on_event_arrived(ticket, Finished(StopReason.STOPPED, NOTHING_USED))
        self.saving.close()

    # Asking.

    def _advance(self) -> None:
        """Ask for every answer that was not asked for yet and is not held."""
        for ticket, run in list(self._runs.items()):
            if run.request is None and not run.held and self._engine is not None:
                try:
                    self._ask(self._engine, ticket, run)
                except LapisError as error:
                    # Its model is gone, or the chat cannot be read: said where the answer would be.
                    self._on_event_arrived(ticket, Failed(error))

    def _wanted(self, settings: ChatSettings) -> Wanted | None:
        """Return what a chat with `settings` needs; None where it takes what there is."""
        if self._models is None:
            return None
        model = self.model_for(settings)
        is_usual = settings.model is None and settings.n_ctx is None
        return None if model is None else Wanted(model, settings.n_ctx, is_usual)

    def _ask(self, engine: AnswerEngine, ticket: int, run: Run) -> None:
        wanted = self._wanted(run.settings)
        model = engine.state.model if wanted is None else wanted.model
        own = self._own.of(model) if model is not None else self._own.of(_UNKNOWN)
        settings = settings_for(model or _UNKNOWN, self._preferences.value, own, run.settings)
        request = self._conversations.request(
            run.exchange,
            settings,
            thinking=run.settings.thinking,
            template=template_for(own) if model is not None else "",
        )
        run.request = engine.ask(request, self._bridge.listener(ticket), wanted)
        self.asked.emit()
        self._show_activity(run, self._first_words())

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
        self.saving.note(run.exchange)
        match event:
            case TextDelta() | ReasoningDelta():
                self._speak(run)
                self.text_grew.emit(chat, event.text, isinstance(event, ReasoningDelta))
            case ToolCalled():
                self._speak(run)
            case Queued():
                run.waits = not event.place
                self._show_activity(run, line_words(event))
            case PromptProgress():
                self._show_activity(run, reading_words(event))
            case Notice(passes=True) if not run.spoken:
                self._show_activity(run, say(event.text))
            case Notice():
                self.notice_came.emit(event.text)
            case Finished() | Failed():
                self._speak(run)
                self.ended.emit(run.exchange)
                self._tell_running()
            case _:
                # Nothing in the window asks for the chances of tokens.
                pass

    def _on_engine_changed(self, _state: EngineState) -> None:
        for run in self._runs.values():
            if not run.spoken and not run.waits and run.request is not None:
                self._show_activity(run, self._first_words())

    def _speak(self, run: Run) -> None:
        if not run.spoken:
            run.spoken = True
            self._show_activity(run, "")

    def _show_activity(self, run: Run, words: str) -> None:
        if run.activity != words:
            run.activity = words
            self.activity_changed.emit(run.exchange.chat, words)

    def _first_words(self) -> str:
        state = EngineState() if self._engine is None else self._engine.state
        return beginning_words(state)

    def _tell_running(self) -> None:
        self.running_changed.emit(self.chats)
