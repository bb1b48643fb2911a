"""One answer while it is written, kept safe: on the disk at least every half second.

Plain Python in the caller's thread (the one that owns the store).
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from desktop.domain.chat import (
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    StopReason,
    TextDelta,
    ToolCalled,
    Usage,
)
from desktop.domain.errors import StorageError
from desktop.domain.history import MessageState, StoredMessage
from desktop.services.notes import note_of
from desktop.services.usages import added
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
    otherwise wait for the next one. `goes_on`: the answer was begun before, and grows further.
    """

    def __init__(
        self,
        store: ChatStore,
        clock: Callable[[], float],
        question: StoredMessage | None,
        answer: StoredMessage,
    ) -> None:
        """Begin with what there is of `answer`; `clock` returns seconds that never run back."""
        self._store = store
        self._clock = clock
        self._text = [answer.content]
        self._reasoning = [answer.reasoning]
        self._before = answer.usage
        self._thought = answer.thinking_seconds
        self._thinks_since: float | None = None
        self._unsaved = False
        self._tried = clock()
        self.chat = answer.chat
        self.question = question
        self.answer = answer
        self.goes_on = bool(answer.content or answer.reasoning)
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

    @property
    def thinking_seconds(self) -> float | None:
        """How long the model has thought until now; None if it has not."""
        if self._thinks_since is None:
            return self._thought
        return (self._thought or 0.0) + self._clock() - self._thinks_since

    @property
    def so_far(self) -> StoredMessage:
        """The answer as far as it is, ahead of the disk."""
        return replace(
            self.answer,
            content=self.text,
            reasoning=self.reasoning,
            thinking_seconds=self.thinking_seconds,
        )

    def handle(self, event: Event) -> None:
        """Take the next event; saves when it is time, and always at the end.

        A StorageError is kept in `save_error`, the text stays here, and the next save tries again.
        """
        if self.finished:
            return
        match event:
            case TextDelta(text):
                self._speak()
                self._text.append(text)
                self._unsaved = True
            case ReasoningDelta(text):
                if self._thinks_since is None:
                    self._thinks_since = self._clock()
                self._reasoning.append(text)
                self._unsaved = True
            case ToolCalled(call):
                self._speak()
                self.answer = replace(self.answer, tool_calls=(*self.answer.tool_calls, call))
                self._unsaved = True
            case Finished(reason, usage):
                self._end(_STATES[reason], added(self._before, usage), "")
                return
            case Failed(error):
                came = any(map(str.strip, self._text))
                state = MessageState.INTERRUPTED if came else MessageState.FAILED
                self._end(state, self._before, note_of(error))
                return
            case _:
                pass
        if self._unsaved and self._clock() - self._tried >= SAVE_SECONDS:
            self.save()

    def flush(self) -> None:
        """Save what is not yet on disk, if anything; trying again costs little."""
        if self._unsaved:
            self.save()

    def save(self) -> None:
        """Save it as far as it is, now."""
        self._tried = self._clock()
        self.answer = self.so_far
        # Told as one text from now on: pieces are joined once, and not at each save again.
        self._text, self._reasoning = [self.answer.content], [self.answer.reasoning]
        try:
            self._store.update(
                self.answer.id,
                content=self.answer.content,
                reasoning=self.answer.reasoning,
                state=self.answer.state,
                usage=self.answer.usage,
                note=self.answer.note,
                thinking_seconds=self.answer.thinking_seconds,
                tool_calls=self.answer.tool_calls,
            )
        except StorageError as error:
            if self.save_error is None:
                _log.warning("an answer cannot be saved: %s", error.__cause__)
            self.save_error = error
            return
        self._unsaved = False
        self.save_error = None

    def _speak(self) -> None:
        self._thought, self._thinks_since = self.thinking_seconds, None

    def _end(self, state: MessageState, usage: Usage | None, note: str) -> None:
        self._speak()
        self.finished = True
        self.answer = replace(self.answer, state=state, usage=usage, note=note)
        self._unsaved = True
        self.save()
