"""Real engines for tests: a chosen tiny model, questions, and answers as lists of events."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from desktop.base.paths import paths_under
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    Message,
    Role,
    Sampling,
    TextDelta,
)
from desktop.domain.engine import EngineState, Phase
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.services.engine import Engine

GREEDY = Sampling(temperature=0, max_tokens=12)
WAIT_SECONDS = 60.0


def model_at(path: Path) -> InstalledModel:
    """Return `path` as a model that can be chosen."""
    return InstalledModel(path.stem, path.stem, path, path.stat().st_size)


def question(text: str, sampling: Sampling = GREEDY, system: str = "") -> ChatRequest:
    """Return a conversation of one question."""
    head = (Message(Role.SYSTEM, system),) if system else ()
    return ChatRequest((*head, Message(Role.USER, text)), sampling)


@dataclass
class Answer:
    """The events of one request as they come; `ended` is set by the last."""

    events: list[Event] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    on_event: Callable[[Event], None] = lambda _event: None

    def take(self, event: Event) -> None:
        """Listen."""
        self.events.append(event)
        self.on_event(event)
        if isinstance(event, Finished | Failed):
            self.ended.set()

    def wait(self) -> "Answer":
        """Wait for the end."""
        assert self.ended.wait(WAIT_SECONDS), self.events
        return self

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def finished(self) -> Finished:
        """The last event of an answer that came to an end."""
        last = self.events[-1]
        assert isinstance(last, Finished), last
        return last

    @property
    def failed(self) -> Failed:
        """The last event of an answer that failed."""
        last = self.events[-1]
        assert isinstance(last, Failed), last
        return last


@dataclass
class Room:
    """An engine with everything it told."""

    engine: Engine
    states: list[EngineState] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def notice(self, state: EngineState) -> None:
        """Watch."""
        with self.changed:
            self.states.append(state)
            self.changed.notify_all()

    @property
    def pid(self) -> int:
        """Process id of the engine, which is there."""
        pid = self.engine.engine_pid()
        assert pid is not None
        return pid

    def stand_still(self) -> int:
        """Stop the loaded engine where it is, so that it says nothing more; return its id."""
        self.until(Phase.READY)
        pid = self.pid
        os.kill(pid, signal.SIGSTOP)
        return pid

    def until(self, phase: Phase) -> EngineState:
        """Wait until the engine is in `phase`."""
        return self.until_state(lambda state: state.phase is phase)

    def until_state(self, holds: Callable[[EngineState], bool]) -> EngineState:
        """Wait until `holds` is true of the engine's state."""
        with self.changed:
            assert self.changed.wait_for(lambda: holds(self.engine.state), WAIT_SECONDS), (
                self.engine.state
            )
        return self.engine.state

    def ask(self, request: ChatRequest, on_event: Callable[[Event], None] | None = None) -> Answer:
        """Ask and return at once."""
        answer = Answer()
        if on_event is not None:
            answer.on_event = on_event
        self.engine.ask(request, answer.take)
        return answer


@contextmanager
def engine_room(
    folder: Path,
    model: Path | None = None,
    *,
    idle_limit: Callable[[], float | None] = lambda: None,
    silence_limit: Callable[[], float] = lambda: 600.0,
    **plan: object,
) -> Iterator[Room]:
    """Give a real engine under `folder`; `plan` changes fields of every LoadPlan."""
    paths = paths_under(folder)
    paths.create()

    def plan_for(chosen: InstalledModel) -> LoadPlan:
        return replace(LoadPlan(path=chosen.path, threads=1), **plan)  # type: ignore[arg-type]

    engine = Engine(plan_for, paths, idle_limit=idle_limit, silence_limit=silence_limit)
    room = Room(engine)
    engine.watch(room.notice)
    try:
        if model is not None:
            engine.choose(model_at(model))
        yield room
    finally:
        engine.close()
