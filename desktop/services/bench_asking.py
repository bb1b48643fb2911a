"""Requests to the engine with the time of each moment, as whoever asks sees it.

The main thread asks and waits; moments are noted in the engine's worker thread, where front ends
get their events. So everything between question and answer is in the times.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from desktop.domain.chat import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    PromptProgress,
    ReasoningDelta,
    StopReason,
    TextDelta,
    ToolCalled,
    Usage,
)
from desktop.domain.engine import EngineState, Phase
from desktop.services.engine import Engine, Stopped

_POLL_SECONDS = 0.05


class Moment(Enum):
    """Something that happens once to each request."""

    TAKEN_UP = auto()
    """A slot has it: the engine is free for it."""
    READ = auto()
    """The whole prompt is decoded; the first token is chosen next."""
    SPOKE = auto()
    """The first text came."""
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that ended, in seconds. `steps` tokens were decoded after the prompt."""

    text: str
    usage: Usage
    to_read: float
    to_speak: float
    whole: float
    steps: int

    @property
    def reading_speed(self) -> float:
        """Prompt tokens decoded a second, from the question to the first token."""
        return (self.usage.prompt_tokens - self.usage.cached_tokens) / self.to_read

    @property
    def writing_speed(self) -> float:
        """Tokens decoded a second after the prompt; 0 without any."""
        return self.steps / (self.whole - self.to_read) if self.steps else 0.0


class Asking:
    """One request under way."""

    def __init__(self, engine: Engine, request: ChatRequest, cancel: threading.Event) -> None:
        """Ask; `cancel` gives up all waiting."""
        self._engine = engine
        self._cancel = cancel
        self._changed = threading.Condition()
        self._moments: dict[Moment, float] = {}
        self._pieces: list[str] = []
        self._last: Finished | Failed | None = None
        self.asked = time.perf_counter()
        self._number = engine.ask(request, self._take)

    def wait_for(self, moment: Moment) -> float:
        """Return when `moment` came (`time.perf_counter`); at the latest when the request ended.

        Raises LapisError if the request failed, Stopped once `cancel` is set.
        """
        with self._changed:
            while moment not in self._moments:
                if self._cancel.is_set():
                    self.stop()
                    raise Stopped
                self._changed.wait(_POLL_SECONDS)
            if isinstance(self._last, Failed):
                raise self._last.error
            return self._moments[moment]

    def wait_for_pieces(self, count: int) -> None:
        """Return once `count` pieces of text have come, or the request has ended; raises as above."""
        with self._changed:
            while len(self._pieces) < count and self._last is None:
                if self._cancel.is_set():
                    self.stop()
                    raise Stopped
                self._changed.wait(_POLL_SECONDS)

    def stop(self) -> float:
        """Stop the request; return when that was asked for."""
        now = time.perf_counter()
        self._engine.cancel(self._number)
        return now

    @property
    def stopped(self) -> bool:
        """Whether it ended because it was stopped, and not by itself just before."""
        return isinstance(self._last, Finished) and self._last.reason is StopReason.STOPPED

    def answered(self) -> Answered:
        """Wait for the end; raises as `wait_for` does."""
        ended = self.wait_for(Moment.ENDED)
        last = self._last
        if not isinstance(last, Finished) or last.reason is StopReason.STOPPED:
            # The engine was closed under us.
            raise Stopped
        written = last.usage.completion_tokens
        return Answered(
            text="".join(self._pieces),
            usage=last.usage,
            to_read=self._moments[Moment.READ] - self.asked,
            to_speak=self._moments[Moment.SPOKE] - self.asked,
            whole=ended - self.asked,
            # The last token that a limit allows is never decoded; one that ends an answer is none.
            steps=max(0, written - 1) if last.reason is StopReason.LENGTH else written,
        )

    def _take(self, event: Event) -> None:
        now = time.perf_counter()
        with self._changed:
            match event:
                case PromptProgress(done, total):
                    self._moments.setdefault(Moment.TAKEN_UP, now)
                    if done == total:
                        self._moments.setdefault(Moment.READ, now)
                case TextDelta(text) | ReasoningDelta(text):
                    self._moments.setdefault(Moment.SPOKE, now)
                    self._pieces.append(text)
                case ToolCalled():
                    self._moments.setdefault(Moment.SPOKE, now)
                case Finished() | Failed():
                    self._last = event
                    for moment in Moment:
                        self._moments.setdefault(moment, now)
            self._changed.notify_all()


def ask(engine: Engine, request: ChatRequest, cancel: threading.Event) -> Answered:
    """Ask and wait for the end; raises LapisError or Stopped."""
    return Asking(engine, request, cancel).answered()


class Watching:
    """Waits for states of an engine."""

    def __init__(self, engine: Engine, cancel: threading.Event) -> None:
        """Watch `engine`; `cancel` gives up all waiting."""
        self._engine = engine
        self._cancel = cancel
        self._changed = threading.Condition()
        engine.watch(self._notice)

    def until(self, holds: Callable[[EngineState], bool]) -> EngineState:
        """Return the first state for which `holds` is true; raises LapisError or Stopped."""
        with self._changed:
            while not holds(state := self._engine.state):
                if state.phase is Phase.FAILED and state.error is not None:
                    raise state.error
                if self._cancel.is_set():
                    raise Stopped
                self._changed.wait(_POLL_SECONDS)
            return state

    def _notice(self, _state: EngineState) -> None:
        with self._changed:
            self._changed.notify_all()
