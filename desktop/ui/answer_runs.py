"""Answers on their way: whose turn it is, what the engine tells of them, how they end.

Several run at once, in different chats; those that need another model wait for it. GUI thread; the
engine's thread comes in through the bridge.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from desktop.domain.chat import (
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
    Usage,
)
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.engine import EngineState
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.services.conversation import Conversations
from desktop.services.exchange import Exchange
from desktop.services.manner import settings_for, template_for
from desktop.services.model_turns import Waiting, Wanted, next_turns, suits
from desktop.ui.answer_engine import AnswerEngine, ChosenModels
from desktop.ui.answer_saving import AnswerSaving
from desktop.ui.answer_words import beginning_words, line_words, reading_words, turn_words
from desktop.ui.bridge import Bridge
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences

__all__ = ["AnswerRuns", "Run"]

_NO_USAGE: Final = Usage(0, 0, 0, 0.0, 0.0, 0.0)
_UNKNOWN: Final = InstalledModel("", "", Path(), 0)


@dataclass(slots=True)
class Run:
    """An answer on its way, in a chat with `settings`, whose `model` may be another one just once.

    `request` is the engine's number, None until it was asked; what is `held` is not asked yet.
    """

    exchange: Exchange
    settings: ChatSettings = field(default_factory=ChatSettings)
    request: int | None = None
    wanted: Wanted | None = None
    own_model: InstalledModel | None = None
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
            run.held, run.settings, run.own_model = False, settings, None
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
                    self._on_event_arrived(ticket, Finished(StopReason.STOPPED, _NO_USAGE))
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
            self._on_event_arrived(ticket, Finished(StopReason.STOPPED, _NO_USAGE))
        self.saving.close()

    # Whose turn it is.

    def _advance(self) -> None:
        engine = self._engine
        if engine is None:
            return
        waiting = self._waiting()
        # For one that is held the engine is at work too, on what comes before its question.
        busy = any(run.request is not None or run.held for run in self._runs.values())
        turns = next_turns(waiting, engine.state, busy=busy)
        wanted = {each.ticket: each.wanted for each in waiting}
        if turns.choose is not None:
            engine.choose(turns.choose.model, turns.choose.n_ctx)
        for ticket in turns.ask:
            self._ask(engine, ticket, wanted[ticket])
        for run in list(self._runs.values()):
            if run.request is None and not run.held:
                self._show_activity(run, turn_words())

    def _waiting(self) -> list[Waiting]:
        waiting: list[Waiting] = []
        for ticket, run in list(self._runs.items()):
            if run.request is not None or run.held:
                continue
            try:
                waiting.append(Waiting(ticket, self._wanted(run)))
            except LapisError as error:
                self._on_event_arrived(ticket, Failed(error))
        # Ending one that cannot be answered lets others in.
        return [each for each in waiting if self._is_waiting(each.ticket)]

    def _is_waiting(self, ticket: int) -> bool:
        run = self._runs.get(ticket)
        return run is not None and run.request is None

    def _wanted(self, run: Run) -> Wanted | None:
        """Return what a run needs; None where it takes what there is."""
        if self._models is None:
            return None
        settings = run.settings
        model = run.own_model or self.model_for(settings)
        if settings.model is not None:
            # Looked for once: it is found by walking through a folder.
            run.own_model = model
        return None if model is None else Wanted(model, settings.n_ctx)

    def _ask(self, engine: AnswerEngine, ticket: int, wanted: Wanted | None) -> None:
        run = self._runs.get(ticket)
        if run is None or run.request is not None:
            # One that ended just now has let it in already.
            return
        model = engine.state.model if wanted is None else wanted.model
        own = self._own.of(model) if model is not None else self._own.of(_UNKNOWN)
        settings = settings_for(model or _UNKNOWN, self._preferences.value, own, run.settings)
        try:
            request = self._conversations.request(
                run.exchange,
                settings,
                thinking=run.settings.thinking,
                template=template_for(own) if model is not None else "",
            )
        except LapisError as error:
            # The chat cannot be read: said where the answer would be.
            self._on_event_arrived(ticket, Failed(error))
            return
        run.wanted = wanted
        run.request = engine.ask(request, self._bridge.listener(ticket))
        self.asked.emit()
        self._show_activity(run, self._first_words())

    def _take_back(self, engine: AnswerEngine) -> None:
        """Let those wait again whose model a person has put another one in the place of."""
        for ticket, run in list(self._runs.items()):
            has_own = run.settings.model is not None or run.settings.n_ctx is not None
            if run.request is None or run.spoken or not has_own:
                continue
            if not suits(run.wanted, engine.state):
                del self._runs[ticket]
                engine.cancel(run.request)
                run.request = None
                self._runs[self._bridge.new_ticket()] = run

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
                self._show_activity(run, line_words(event))
            case PromptProgress():
                self._show_activity(run, reading_words(event))
            case Notice():
                self.notice_came.emit(event.text)
            case Finished() | Failed():
                self._speak(run)
                self.ended.emit(run.exchange)
                self._tell_running()
                self._advance()
            case _:
                # Nothing in the window asks for the chances of tokens.
                pass

    def _on_engine_changed(self, _state: EngineState) -> None:
        if self._engine is not None:
            self._take_back(self._engine)
        for run in self._runs.values():
            if not run.spoken and run.request is not None:
                self._show_activity(run, self._first_words())
        self._advance()

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
