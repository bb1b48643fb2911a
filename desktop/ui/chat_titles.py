"""Chats named by the model after their first exchange, when it has nothing else to do. GUI thread.

It never delays an answer: asked only while none runs or waits, given up when one comes, and tried
again at the next answer's end.
"""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from desktop.domain.chat import Event, Failed, Finished, Role, StopReason, TextDelta
from desktop.domain.engine import Phase
from desktop.domain.errors import LapisError, StorageError
from desktop.domain.history import MessageState, TitleSource
from desktop.services.conversation import request_of
from desktop.services.exchange import Exchange
from desktop.services.manner import settings_for, template_for
from desktop.services.model_titles import said_title, title_request
from desktop.services.model_turns import Wanted, suits
from desktop.store.chats import ChatStore
from desktop.ui.answer_engine import AnswerEngine
from desktop.ui.answer_runs import AnswerRuns
from desktop.ui.bridge import Bridge
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences

__all__ = ["ChatTitles"]

_MOST_WAITING = 20
_SAID_SOMETHING = frozenset({MessageState.COMPLETE, MessageState.LENGTH, MessageState.STOPPED})


@dataclass(slots=True)
class _Naming:
    chat: int
    ticket: int
    request: int
    text: str = ""


class ChatTitles(QObject):
    """Not for temporary chats, nor where a person gave the name, nor with the built-in guide."""

    named = Signal(int, str)
    """(chat, title)"""

    def __init__(
        self,
        store: ChatStore,
        runs: AnswerRuns,
        preferences: Preferences,
        own: OwnSettings,
        bridge: Bridge,
        parent: QObject,
    ) -> None:
        """Wait for answers to end."""
        super().__init__(parent)
        self._store = store
        self._runs = runs
        self._preferences = preferences
        self._own = own
        self._bridge = bridge
        self._engine: AnswerEngine | None = None
        self._unnamed: list[int] = []
        self._naming: _Naming | None = None
        runs.ended.connect(self._on_ended)
        runs.running_changed.connect(self._on_running_changed)
        bridge.event_arrived.connect(self._on_event_arrived)

    def attach(self, engine: AnswerEngine) -> None:
        """Take the engine."""
        self._engine = engine

    def close(self) -> None:
        """Ask for no more; idempotent."""
        self._give_up()
        self._engine = None

    def _on_ended(self, exchange: Exchange) -> None:
        answer, question = exchange.answer, exchange.question
        is_first = question is not None and question.parent is None
        if is_first and answer.state in _SAID_SOMETHING and answer.content.strip():
            self._unnamed = [each for each in self._unnamed if each != answer.chat]
            self._unnamed = [*self._unnamed, answer.chat][-_MOST_WAITING:]
        self._name_next()

    def _on_running_changed(self, running: frozenset[int]) -> None:
        if running:
            self._give_up()

    def _give_up(self) -> None:
        naming, self._naming = self._naming, None
        if naming is not None:
            self._unnamed.append(naming.chat)
            if self._engine is not None:
                self._engine.cancel(naming.request)

    def _name_next(self) -> None:
        """Ask for the title of the newest chat that wants one, if this is a moment for it."""
        for chat in reversed(list(self._unnamed)):
            if self._is_at_work():
                return
            try:
                is_done = self._begin(chat)
            except LapisError:
                # It could not be read, or its model is gone: the question stays its title.
                is_done = True
            if is_done:
                self._unnamed.remove(chat)

    def _is_at_work(self) -> bool:
        return self._naming is not None or bool(self._runs.chats)

    def _begin(self, chat: int) -> bool:
        """Ask for the title of `chat` if the engine has its model; return whether that is settled.

        Raises LapisError.
        """
        engine, summary = self._engine, self._store.chat(chat)
        if summary.temporary or summary.deleted:
            return True
        if summary.titled_by is not TitleSource.QUESTION:
            return True
        settings = self._store.settings(chat)
        model = self._runs.model_for(settings)
        if engine is None or model is None or not self._preferences.value.chats.model_titles:
            return True
        state = engine.state
        if model.is_guide:
            return True
        wanted = Wanted(model, settings.n_ctx)
        if state.phase is not Phase.READY or not suits(wanted, state):
            return False
        messages = self._store.messages(chat)
        if not messages or messages[-1].role is not Role.ASSISTANT:
            return True
        own = self._own.of(model)
        request = request_of(
            messages[:-1],
            settings_for(model, self._preferences.value, own, settings),
            template=template_for(own),
        )
        ticket = self._bridge.new_ticket()
        number = engine.ask(
            title_request(request, messages[-1].content), self._bridge.listener(ticket), wanted
        )
        self._naming = _Naming(chat, ticket, number)
        return True

    def _on_event_arrived(self, ticket: int, event: Event) -> None:
        naming = self._naming
        if naming is None or naming.ticket != ticket:
            return
        match event:
            case TextDelta(text):
                naming.text += text
            case Finished(reason):
                self._naming = None
                if reason is not StopReason.STOPPED:
                    self._take(naming, complete=reason is StopReason.STOP)
                self._name_next()
            case Failed():
                self._naming = None
            case _:
                pass

    def _take(self, naming: _Naming, *, complete: bool) -> None:
        title = said_title(naming.text, complete=complete)
        if not title:
            return
        try:
            if self._store.chat(naming.chat).titled_by is not TitleSource.QUESTION:
                return
            self._store.rename(naming.chat, title, TitleSource.MODEL)
        except StorageError:
            # The question stays its title; a full disk is told by what matters more.
            return
        self.named.emit(naming.chat, title)
