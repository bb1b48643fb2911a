"""One question and its answer, kept safe while it is written.

The question is on the disk before anything is asked of a model; the answer follows while it comes,
also when it is stopped or fails. Plain Python in the caller's thread (the one that owns the store).
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import MappingProxyType

from desktop.domain.chat import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    Message,
    ReasoningDelta,
    Role,
    StopReason,
    TextDelta,
    Usage,
)
from desktop.domain.errors import StorageError
from desktop.domain.history import MessageState, StoredMessage
from desktop.domain.settings import Settings
from desktop.services.notes import note_of
from desktop.services.titles import title_of
from desktop.store.chats import ChatStore

SAVE_SECONDS = 0.5

_STATES = MappingProxyType(
    {
        StopReason.STOP: MessageState.COMPLETE,
        StopReason.TOOL_CALLS: MessageState.TOOL_CALLS,
        StopReason.LENGTH: MessageState.LENGTH,
        StopReason.STOPPED: MessageState.STOPPED,
    }
)

_log = logging.getLogger(__name__)


class Exchange:
    """A question and the answer being written.

    `answer` is the answer as it should be on disk; `save_error` is why it is not, or None. While an
    answer streams, `flush` should be called about every half second: the pieces that came last may
    otherwise wait for the next one.
    """

    def __init__(
        self,
        store: ChatStore,
        clock: Callable[[], float],
        question: StoredMessage,
        answer: StoredMessage,
    ) -> None:
        self._store = store
        self._clock = clock
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._unsaved = False
        self._tried = clock()
        self.chat = question.chat
        self.question = question
        self.answer = answer
        self.finished = False
        self.save_error: StorageError | None = None

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        """The thinking so far."""
        return "".join(self._reasoning)

    def handle(self, event: Event) -> None:
        """Take the next event; saves when it is time, and always at the end.

        A StorageError is kept in `save_error`, the text stays here, and the next save tries again.
        """
        if self.finished:
            return
        match event:
            case TextDelta(text):
                self._text.append(text)
                self._unsaved = True
            case ReasoningDelta(text):
                self._reasoning.append(text)
                self._unsaved = True
            case Finished(reason, usage):
                self._end(_STATES[reason], usage, "")
                return
            case Failed(error):
                came = any(map(str.strip, self._text))
                state = MessageState.INTERRUPTED if came else MessageState.FAILED
                self._end(state, None, note_of(error))
                return
            case _:
                pass
        if self._unsaved and self._clock() - self._tried >= SAVE_SECONDS:
            self._save()

    def flush(self) -> None:
        """Save what is not yet on disk, if anything; trying again costs little."""
        if self._unsaved:
            self._save()

    def _end(self, state: MessageState, usage: Usage | None, note: str) -> None:
        self.finished = True
        self.answer = replace(self.answer, state=state, usage=usage, note=note)
        self._unsaved = True
        self._save()

    def _save(self) -> None:
        self._tried = self._clock()
        self.answer = replace(self.answer, content=self.text, reasoning=self.reasoning)
        try:
            self._store.update(
                self.answer.id,
                content=self.answer.content,
                reasoning=self.answer.reasoning,
                state=self.answer.state,
                usage=self.answer.usage,
                note=self.answer.note,
            )
        except StorageError as error:
            if self.save_error is None:
                _log.warning("an answer cannot be saved: %s", error.__cause__)
            self.save_error = error
            return
        self._unsaved = False
        self.save_error = None


class Conversations:
    """Starts exchanges and makes requests of them."""

    def __init__(self, store: ChatStore, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds that never run backwards."""
        self._store = store
        self._clock = clock

    def begin(self, chat: int, text: str, model_name: str) -> Exchange:
        """Save the question and a place for its answer, both or neither; raises StorageError.

        A chat without a title gets one from the question.
        """
        store = self._store
        with store.transaction():
            if not store.chat(chat).title:
                store.rename(chat, title_of(text))
            question = store.add(chat, store.tip(chat), Role.USER, text)
            answer = self._place_for_answer(question, model_name)
        return Exchange(store, self._clock, question, answer)

    def regenerate(self, chat: int, model_name: str) -> Exchange | None:
        """Begin another answer to the last question, beside the earlier ones; None without one."""
        asked = [each for each in self._store.messages(chat) if each.role is Role.USER]
        if not asked:
            return None
        answer = self._place_for_answer(asked[-1], model_name)
        return Exchange(self._store, self._clock, asked[-1], answer)

    def request(self, exchange: Exchange, settings: Settings) -> ChatRequest:
        """Return what to ask the model: system prompt, the branch, the question at its end.

        A question that got no answer is left out with it, so that speakers alternate.
        """
        system = settings.system_prompt.strip()
        opening = [Message(Role.SYSTEM, system)] if system else []
        before = self._store.branch(exchange.question.id)[:-1]
        question = Message(Role.USER, exchange.question.content)
        return ChatRequest((*opening, *_answered(before), question), settings.sampling)

    def _place_for_answer(self, question: StoredMessage, model_name: str) -> StoredMessage:
        return self._store.add(
            question.chat,
            question.id,
            Role.ASSISTANT,
            "",
            state=MessageState.STREAMING,
            model=model_name,
        )


def _answered(messages: Iterable[StoredMessage]) -> list[Message]:
    """Return the questions that have an answer with text, each with that answer."""
    turns: list[Message] = []
    asked: StoredMessage | None = None
    for message in messages:
        if message.role is Role.USER:
            asked = message
        elif message.role is Role.ASSISTANT and asked is not None and message.content.strip():
            turns += [Message(Role.USER, asked.content), Message(Role.ASSISTANT, message.content)]
            asked = None
    return turns
