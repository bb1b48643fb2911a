"""A conversation that no longer fits: turns leave, or are summarised first, or the window grows.

What is chosen is done for the answer that failed, which is then written after all; meanwhile it
waits, says so, and can be stopped. Nothing of the chat is lost. GUI thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from desktop.domain.chat import (
    ChatRequest,
    Message,
    Role,
)
from desktop.domain.chat_settings import Overflow
from desktop.domain.context import LargerContext
from desktop.domain.errors import LapisError, QuestionTooLong, StorageError
from desktop.domain.history import MemoryStart, StoredMessage
from desktop.domain.model import DEFAULT_CONTEXT
from desktop.domain.text import Text
from desktop.services.context_estimate import estimated_total
from desktop.services.context_memory import Leaving, Remembered, leaving, remembered
from desktop.services.context_summary import (
    longest_summary,
    summary_request,
)
from desktop.services.conversation import request_of
from desktop.services.notes import is_too_long
from desktop.store.chats import ChatStore
from desktop.ui.answer_engine import CountingEngine
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_manner import ChatManner, Manner
from desktop.ui.summary_writer import SummaryEngine, SummaryWriter
from desktop.ui.translation import say

__all__ = ["FindsLarger", "OverflowController", "OverflowEngine"]

_ATTEMPTS = 3
_COOL = 0.3


class OverflowEngine(SummaryEngine, CountingEngine, Protocol):
    """The part of `services.engine.Engine` that counts and writes."""


class FindsLarger(Protocol):
    """What finds a larger context; see `LargerContexts`."""

    def find(
        self, manner: Manner, now: int, needed: int, found: Callable[[LargerContext | None], None]
    ) -> None:
        """Tell `found` the next larger context that holds `needed` tokens, if there is one."""
        ...


@dataclass(slots=True)
class _Case:
    """An answer that is to be made room for."""

    chat: int
    question: int
    choice: Overflow
    manner: Manner
    kept: Remembered
    going: Leaving | None = None


class OverflowController(QObject):
    """At most one case in each chat; all methods return at once."""

    larger_found = Signal(int, object)
    """(message, LargerContext or None): what a larger context for its answer would be."""
    settings_changed = Signal(int)
    """(chat): it has a larger context now."""
    failed = Signal(object)
    """(StorageError): a choice could not be kept."""

    def __init__(
        self,
        store: ChatStore,
        chats: ChatController,
        manner: ChatManner,
        bridge: Bridge,
        parent: QObject | None = None,
    ) -> None:
        """Listen to answers that end."""
        super().__init__(parent)
        self._store = store
        self._chats = chats
        self._manner = manner
        self._bridge = bridge
        self._engine: OverflowEngine | None = None
        self._larger: FindsLarger | None = None
        self._summaries = SummaryWriter(bridge, self)
        self._cases: dict[int, _Case] = {}
        self._chosen: dict[int, Overflow] = {}
        self._tried: dict[int, int] = {}
        self._given_up: set[int] = set()
        self._counts: dict[int, Callable[[tuple[int, ...] | None], None]] = {}
        self._found: dict[int, LargerContext] = {}
        chats.overflow_chosen.connect(self._on_overflow_chosen)
        chats.answer_finished.connect(self._on_answer_finished)
        bridge.counted.connect(self._on_counted)

    def attach(self, engine: OverflowEngine, larger: FindsLarger | None = None) -> None:
        """Take the engine, and what knows of larger contexts."""
        self._engine = engine
        self._larger = larger

    def choose_ahead(self, chat: int, choice: Overflow) -> None:
        """Do `choice` when the next question of `chat` does not fit."""
        self._chosen[chat] = choice

    def show_chat(self, chat: int | None) -> None:
        """Look for a larger context where the last answer of `chat` did not fit."""
        if chat is not None:
            self._guarded(lambda: self._look_at(chat))

    def use_larger(self, chat: int, message: int) -> None:
        """Answer `message` again in the larger context that was found for it."""
        larger = self._found.get(message)
        if larger is not None:
            self.use_context(chat, message, larger.n_ctx)

    def use_context(self, chat: int, message: int, n_ctx: int) -> None:
        """Answer `message` again in a context of `n_ctx` tokens, which `chat` has from now on."""
        self._guarded(lambda: self._answer_in(chat, message, n_ctx))

    def enlarge(self, chat: int, n_ctx: int) -> None:
        """Give `chat` a context of `n_ctx` tokens from its next question on."""
        self._guarded(lambda: self._set_context(chat, n_ctx))

    # What happens to answers.

    def _on_overflow_chosen(self, chat: int, message: int, choice: Overflow) -> None:
        self._guarded(lambda: self._begin(chat, message, choice))

    def _on_answer_finished(self, chat: int, answer: StoredMessage) -> None:
        self._cases.pop(chat, None)
        # It may have been stopped before there was a summary.
        self._summaries.cancel(chat)
        question = answer.parent
        if question is None:
            return
        if is_too_long(answer.note):
            self._guarded(lambda: self._resolve(chat, question, answer.id))
        else:
            self._forget(question)

    def _resolve(self, chat: int, question: int, message: int) -> None:
        choice = self._chosen.pop(chat, None) or self._store.settings(chat).overflow
        tried = self._tried.get(question, 0)
        if tried:
            # It was guessed to take less than it does.
            choice = Overflow.DROP if tried < _ATTEMPTS else Overflow.ASK
        if question in self._given_up:
            choice = Overflow.ASK
        if choice is Overflow.ASK:
            self._forget(question)
            self._look_for_larger(chat, question, message)
        else:
            self._begin(chat, message, choice)

    def _begin(self, chat: int, message: int, choice: Overflow) -> None:
        """Find out first how much there is; the answer waits."""
        found = self._store.messages_of([message])
        question = found[0].parent if found else None
        if self._engine is None or question is None or choice is Overflow.ASK:
            return
        branch = self._store.branch(question)
        manner = self._manner.of(self._store.settings(chat))
        if not self._chats.hold_again(chat, message, say(Text("Making room for the question"))):
            return
        case = self._cases[chat] = _Case(chat, question, choice, manner, remembered(branch))

        def make_room(counted: tuple[int, ...] | None) -> None:
            if self._cases.get(chat) is case:
                total, fixed = counted or _estimated(case)
                self._guarded(lambda: self._make_room(case, total, fixed), case)

        self._count(_whole_and_fixed(case, branch), make_room)

    def _count(
        self, requests: Sequence[ChatRequest], then: Callable[[tuple[int, ...] | None], None]
    ) -> None:
        if self._engine is None:
            then(None)
            return
        ticket = self._bridge.new_ticket()
        self._counts[ticket] = then
        # A purpose of its own: no other count takes its place.
        self._engine.count(requests, self._bridge.count_listener(ticket), purpose=ticket)

    def _on_counted(self, ticket: int, counted: tuple[int, ...] | LapisError | None) -> None:
        then = self._counts.pop(ticket, None)
        if then is not None:
            then(counted if isinstance(counted, tuple) else None)

    def _make_room(self, case: _Case, total: int, fixed: int) -> None:
        room = self._room(case.manner)
        if case.choice is Overflow.SUMMARISE:
            fixed += longest_summary(room)
            total += longest_summary(room)
        going = leaving(case.kept, total=total, fixed=fixed, room=room)
        if going is None:
            self._give_up(case, _too_long_alone())
            return
        case.going = going
        if case.choice is Overflow.DROP:
            self._finish(case, case.kept.summary)
            return
        sampling = case.manner.settings.sampling
        cool = replace(sampling, temperature=min(sampling.temperature, _COOL))
        asked = summary_request(
            going.turns, case.kept.summary, room, cool, template=case.manner.template
        )
        self._chats.hold_with(case.chat, say(Text("Summarising what came before…")))

        def done(summary: str, is_partial: bool) -> None:
            if is_partial:
                self._chats.notice_came.emit(
                    Text("Not all of it fitted into the summary: its beginning was left out.")
                )
            self._guarded(lambda: self._finish(case, summary), case)

        if self._engine is not None and self._cases.get(case.chat) is case:
            self._summaries.write(
                self._engine,
                case.chat,
                asked,
                case.manner.wanted,
                done,
                lambda error: self._give_up(case, error),
            )

    def _finish(self, case: _Case, summary: str) -> None:
        """Mark where the memory begins, and let the answer be written."""
        going = case.going
        if going is None:
            return
        with self._store.transaction():
            for each in self._store.branch(case.question):
                if each.memory is not None:
                    # One memory begins in one place; what it kept is in the new one.
                    self._store.set_memory(each.id, None)
            memory = MemoryStart(summary=summary, keeps_first=going.keeps_first)
            self._store.set_memory(going.start.id, memory)
        self._tried[case.question] = self._tried.get(case.question, 0) + 1
        del self._cases[case.chat]
        self._chats.branch_changed.emit(case.chat)
        self._chats.go_on(case.chat)

    # A larger context.

    def _look_for_larger(self, chat: int, question: int, message: int) -> None:
        larger = self._larger
        if larger is None:
            return
        manner = self._manner.of(self._store.settings(chat))
        branch = self._store.branch(question)
        case = _Case(chat, question, Overflow.ASK, manner, remembered(branch))

        def tell(found: LargerContext | None) -> None:
            self._found.pop(message, None)
            if found is not None:
                self._found[message] = found
            self.larger_found.emit(message, found)

        def look(counted: tuple[int, ...] | None) -> None:
            needed, _ = counted or _estimated(case)
            larger.find(manner, self._room(manner), needed, tell)

        self._count(_whole_and_fixed(case, branch), look)

    def _look_at(self, chat: int) -> None:
        tip = self._store.tip(chat)
        for last in self._store.messages_of([] if tip is None else [tip]):
            if last.parent is not None and is_too_long(last.note):
                self._look_for_larger(chat, last.parent, last.id)

    def _answer_in(self, chat: int, message: int, n_ctx: int) -> None:
        self._set_context(chat, n_ctx)
        self._chats.try_again(chat, message)

    def _set_context(self, chat: int, n_ctx: int) -> None:
        self._store.set_settings(chat, replace(self._store.settings(chat), n_ctx=n_ctx))
        self.settings_changed.emit(chat)

    # What is needed on the way.

    def _room(self, manner: Manner) -> int:
        state = None if self._engine is None else self._engine.state
        if state is not None and state.loaded is not None:
            return state.loaded.n_ctx
        return manner.settings.engine.n_ctx or DEFAULT_CONTEXT

    def _forget(self, question: int) -> None:
        self._tried.pop(question, None)
        self._given_up.discard(question)

    def _give_up(self, case: _Case, error: LapisError) -> None:
        """End the answer with `error`; nothing more is done for it by itself."""
        self._given_up.add(case.question)
        self._chats.give_up(case.chat, error)

    def _guarded(self, act: Callable[[], None], case: _Case | None = None) -> None:
        try:
            act()
        except StorageError as error:
            if case is not None:
                self._give_up(case, error)
            self.failed.emit(error)


def _whole_and_fixed(case: _Case, branch: Sequence[StoredMessage]) -> list[ChatRequest]:
    """Return requests of all that would be sent, and of what is sent whatever leaves."""
    manner = case.manner
    whole = request_of(
        branch, manner.settings, thinking=manner.chat.thinking, template=manner.template
    )
    opening = case.kept.opening(manner.settings.system_prompt)
    return [whole, replace(whole, messages=(*opening, Message(Role.USER, "")))]


def _estimated(case: _Case) -> tuple[int, int]:
    system = case.manner.settings.system_prompt
    return (
        estimated_total(case.kept.messages(system)),
        estimated_total(case.kept.opening(system)),
    )


def _too_long_alone() -> LapisError:
    return QuestionTooLong(
        Text("This question alone is too long for the context of this model"),
        Text("Shorten it, use a larger context, or choose a model with a longer one."),
    )
