"""Who is loaded, and the one door to answers for window, popup and terminal.

Has no thread of its own: methods may be called from anywhere and return at once, observers and
listeners are called from the backend's worker thread.
"""

import queue
import threading
from collections.abc import Callable, Generator

from desktop.backends.base import Loaded, LoadEvent, LoadFailed, Loading, Unloaded
from desktop.backends.llama import LlamaBackend
from desktop.base.paths import Paths
from desktop.domain.chat import ChatRequest, Event, Failed, Finished
from desktop.domain.engine import EngineState, Phase
from desktop.domain.model import InstalledModel, LoadPlan

_POLL_SECONDS = 0.05


class Engine:
    """The chosen model and its state, and the requests made to it."""

    def __init__(self, plan_for: Callable[[InstalledModel], LoadPlan], paths: Paths) -> None:
        """`plan_for` makes the plan of a model; it runs off the caller's thread, may raise LapisError."""
        self._plan_for = plan_for
        self._lock = threading.Lock()
        self._state = EngineState()
        self._choices = 0
        self._begun = 0
        self._observers: list[Callable[[EngineState], None]] = []
        self._backend = LlamaBackend(paths.engine, self._on_load_event)

    @property
    def state(self) -> EngineState:
        """The latest picture."""
        with self._lock:
            return self._state

    def watch(self, observer: Callable[[EngineState], None]) -> None:
        """Call `observer` on each change, from the engine thread."""
        with self._lock:
            self._observers.append(observer)

    def choose(self, model: InstalledModel) -> None:
        """Start loading `model`; the one chosen last wins."""
        with self._lock:
            self._choices += 1
            choice = self._choices
            state = self._state = EngineState(phase=Phase.LOADING, model=model)
        self._tell(state)
        self._backend.load(lambda: self._begin(choice, model))

    def ask(self, request: ChatRequest, listener: Callable[[Event], None]) -> int:
        """Queue a request and return its number; the last event is Finished or Failed."""
        return self._backend.submit(request, listener)

    def stream(self, request: ChatRequest, cancel: threading.Event) -> Generator[Event, None, None]:
        """Yield the events of one answer; setting `cancel` stops it."""
        inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        number = self.ask(request, inbox.put)
        try:
            while True:
                if cancel.is_set():
                    self.cancel(number)
                try:
                    event = inbox.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    continue
                yield event
                if isinstance(event, Finished | Failed):
                    return
        finally:
            # A reader that went away must not leave its answer running; to a finished one it is
            # nothing.
            self.cancel(number)

    def cancel(self, request: int) -> None:
        """Stop a request; its text so far stays."""
        self._backend.cancel(request)

    def unload(self) -> None:
        """End the engine process; the next question loads the model again."""
        self._backend.unload()

    def engine_pid(self) -> int | None:
        """Process id of the engine process, None when there is none."""
        return self._backend.pid

    def close(self) -> None:
        """End everything; idempotent."""
        self._backend.close()

    def _begin(self, choice: int, model: InstalledModel) -> LoadPlan:
        with self._lock:
            self._begun = choice
        return self._plan_for(model)

    def _on_load_event(self, event: LoadEvent) -> None:
        with self._lock:
            if self._begun != self._choices:
                # News of a model that is no longer the chosen one.
                return
            state = self._state = _after(self._state, event)
        self._tell(state)

    def _tell(self, state: EngineState) -> None:
        with self._lock:
            observers = list(self._observers)
        for observer in observers:
            observer(state)


def _after(state: EngineState, event: LoadEvent) -> EngineState:
    match event:
        case Loading():
            return EngineState(phase=Phase.LOADING, model=state.model, progress=event.progress)
        case Loaded():
            return EngineState(
                phase=Phase.READY,
                model=state.model,
                progress=1.0,
                loaded=event.model,
                notice=event.notice,
            )
        case LoadFailed():
            return EngineState(phase=Phase.FAILED, model=state.model, error=event.error)
        case Unloaded():
            return EngineState(phase=Phase.IDLE, model=state.model)
