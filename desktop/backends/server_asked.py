"""One request to a server: who hears of it, when its first piece came, that it ends once.

Lives in the thread of `ServerLoop`.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from desktop.domain.chat import (
    NOTHING_USED,
    SPOKEN,
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    StopReason,
    TextDelta,
    Usage,
)


class Asked:
    """A request under way. After its last event the listener hears nothing more.

    `characters` of text and thinking have come.
    """

    def __init__(
        self, listener: Callable[[Event], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin just now; `listener` must not raise anything."""
        self._listener = listener
        self._clock = clock
        self._began = clock()
        self._first = self._last = 0.0
        self.has_ended = False
        self.characters = 0

    @property
    def has_spoken(self) -> bool:
        """Whether something of the answer has come, so that it cannot be asked for once more."""
        return self._first > 0.0

    def hear(self, event: Event) -> None:
        """Pass an event on, with the times measured here in the usage of the last one."""
        if self.has_ended:
            return
        if isinstance(event, TextDelta | ReasoningDelta):
            self.characters += len(event.text)
        if isinstance(event, SPOKEN):
            self._last = self._clock()
            self._first = self._first or self._last
        elif isinstance(event, Finished):
            event = Finished(event.reason, self._timed(event.usage))
        self.has_ended = isinstance(event, Finished | Failed)
        self._listener(event)

    def stop(self) -> None:
        """End it as stopped; what came stays."""
        self.hear(Finished(StopReason.STOPPED, NOTHING_USED))

    def _timed(self, usage: Usage) -> Usage:
        waited = (self._first or self._clock()) - self._began
        wrote = self._last - self._first
        read, written = usage.prompt_tokens - usage.cached_tokens, usage.completion_tokens - 1
        return replace(
            usage,
            ttft_ms=waited * 1000,
            prefill_tps=usage.prefill_tps or (read / waited if waited > 0 and read > 0 else 0.0),
            decode_tps=usage.decode_tps or (written / wrote if wrote > 0 and written > 0 else 0.0),
        )
