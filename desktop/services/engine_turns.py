"""Which model is chosen and loaded, and whose turn it is to be answered: kept under one lock.

All methods may be called from any thread and return at once. Whoever is to be told of something is
told when the lock is free again, by the thread that brought the news.
"""

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeAlias

from desktop.backends.base import Backend, Listener
from desktop.backends.load_events import Loaded, LoadEvent, LoadFailed, Loading, Unloaded
from desktop.domain.chat import (
    NOTHING_USED,
    Event,
    Failed,
    Finished,
    Queued,
    ReasoningDelta,
    StopReason,
    TextDelta,
    ToolCalled,
    Usage,
)
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.services.answer_line import AnswerLine, Asked, Post
from desktop.services.model_turns import Wanted

_STOPPED = Finished(StopReason.STOPPED, NOTHING_USED)

Afterwards: TypeAlias = list[Callable[[], None]]
"""What is to be told once the lock is free."""
Served: TypeAlias = Callable[[InstalledModel, int | None], Backend]


class LocalBackend(Backend, Protocol):
    """A backend that holds one model file at a time."""

    def load(
        self,
        make_plan: Callable[[], LoadPlan],
        observer: Callable[[LoadEvent], None],
        *,
        full: bool = False,
    ) -> None:
        """Replace what is loaded."""
        ...


class EngineTurns:
    """The chosen model and its state, and the requests that have not ended."""

    def __init__(
        self,
        local: LocalBackend,
        served: Served,
        plan: Callable[[InstalledModel, int | None, bool], LoadPlan],
        tell: Callable[[EngineState], None],
        tell_answer: Callable[[Usage], None],
    ) -> None:
        """`plan` makes the plan for a model, a context and whether it is loaded come what may.

        `tell` hears of every other state, `tell_answer` of the ends of answers made by `local`.
        """
        self._local_backend = local
        self._served = served
        self._plan = plan
        self._tell = tell
        self._tell_answer = tell_answer
        self._lock = threading.Lock()
        self._line = AnswerLine(local)
        self._state = self._local = EngineState()
        self._chosen: InstalledModel | None = None
        self._choices = 0
        self._numbers = itertools.count(1)
        self._is_closed = False

    @property
    def state(self) -> EngineState:
        """The chosen model, or the one that was loaded last for somebody who wanted another."""
        with self._lock:
            return self._state

    @property
    def chosen(self) -> InstalledModel | None:
        """The model that was chosen last, whatever was loaded since for who wanted another."""
        with self._lock:
            return self._chosen

    @property
    def local(self) -> EngineState:
        """The model that is, or was last, loaded here."""
        with self._lock:
            return self._local

    @property
    def is_busy(self) -> bool:
        """Whether a model is being loaded, or an answer waited for."""
        with self._lock:
            return len(self._line) > 0 or self._local.phase is Phase.LOADING

    def choose(
        self,
        model: InstalledModel,
        n_ctx: int | None = None,
        *,
        full: bool = False,
        anyway: bool = False,
    ) -> None:
        """Take another model; `full` and `anyway` as they are in `Engine`."""
        after: Afterwards = []
        with self._lock:
            self._chosen = model
            taken = self._line.follow(model, n_ctx)
            for asked in taken:
                self._local_backend.cancel(asked.place)
            self._line.take_back(taken)
            if model.is_served:
                self._show(EngineState(Phase.READY, model, 1.0, n_ctx=n_ctx), after)
            else:
                self._load(Wanted(model, n_ctx), after, full=full, anyway=anyway)
            self._advance(after)
        _run(after)

    def ask(self, post: Post, listener: Listener, wanted: Wanted | None) -> int:
        """Queue what `post` gives to a backend; return its number here."""
        asked = Asked(next(self._numbers), post, listener, wanted)
        after: Afterwards = []
        with self._lock:
            if self._is_closed:
                after.append(partial(listener, _STOPPED))
            else:
                self._line.add(asked)
                self._advance(after)
        _run(after)
        return asked.number

    def refuse(self, error: LapisError, listener: Listener) -> int:
        """End a request before anybody is given it; return its number."""
        listener(Failed(error))
        return next(self._numbers)

    def cancel(self, number: int) -> None:
        """Stop a request; its text so far stays."""
        after: Afterwards = []
        with self._lock:
            asked = self._line.get(number)
            if asked is None:
                return
            if asked.backend is not None:
                asked.backend.cancel(asked.place)
                return
            self._line.remove(asked)
            after.append(partial(asked.listener, _STOPPED))
            self._advance(after)
        _run(after)

    def close(self) -> None:
        """End what waits, and what servers were asked, as stopped; take nothing more."""
        with self._lock:
            self._is_closed = True
            waiting = self._line.clear()
            given = list(self._line.given_away())
        for asked in waiting:
            asked.listener(_STOPPED)
        for asked in given:
            if asked.backend is not None and asked.backend is not self._local_backend:
                asked.backend.cancel(asked.place)

    def _load(
        self, wanted: Wanted, after: Afterwards, *, full: bool = False, anyway: bool = False
    ) -> None:
        """Have the local backend load a model; under the lock."""
        self._choices += 1
        choice, model, n_ctx = self._choices, wanted.model, wanted.n_ctx
        self._local = EngineState(phase=Phase.LOADING, model=model, n_ctx=n_ctx)
        self._show(self._local, after)
        self._local_backend.load(
            lambda: self._plan(model, n_ctx, anyway),
            lambda event: self._on_load_event(choice, event),
            full=full,
        )

    def _show(self, state: EngineState, after: Afterwards) -> None:
        self._state = state
        after.append(partial(self._tell, state))

    def _advance(self, after: Afterwards) -> None:
        """Give away what can be; under the lock, so that backends get everything in one order."""
        for asked in self._line.waiting():
            model = self._state.model if asked.wanted is None else asked.wanted.model
            if model is not None and model.is_served:
                self._give_to_server(asked, model, after)
        choose, ready = self._line.next(self._local)
        if choose is not None:
            self._load(choose, after)
        for asked in ready:
            self._give(asked, self._local_backend)
        after.extend(partial(each.listener, Queued(0)) for each in self._line.newly_waiting())

    def _give_to_server(self, asked: Asked, model: InstalledModel, after: Afterwards) -> None:
        wanted = asked.wanted
        n_ctx = self._state.n_ctx if wanted is None else wanted.n_ctx
        try:
            backend = self._served(model, n_ctx)
        except LapisError as error:
            self._line.remove(asked)
            after.append(partial(asked.listener, Failed(error)))
            return
        if wanted is not None and wanted.is_usual and self._state.model != model:
            self._show(EngineState(Phase.READY, model, 1.0, n_ctx=n_ctx), after)
        self._give(asked, backend)

    def _give(self, asked: Asked, backend: Backend) -> None:
        turn = self._line.give(asked, backend)
        asked.place = asked.post(backend, partial(self._hear, asked, turn))

    def _hear(self, asked: Asked, turn: int, event: Event) -> None:
        """Pass on what a backend says of a request; in a thread of that backend."""
        after: Afterwards = []
        with self._lock:
            if not self._line.has(asked, turn):
                return
            is_ours = asked.backend is self._local_backend
            match event:
                case TextDelta() | ReasoningDelta() | ToolCalled():
                    asked.has_spoken = True
                case Finished() | Failed():
                    self._line.remove(asked)
                    self._advance(after)
                case _:
                    pass
        if isinstance(event, Finished) and is_ours:
            # First: whoever waited for the answer may end everything now.
            self._tell_answer(event.usage)
        asked.listener(event)
        _run(after)

    def _on_load_event(self, choice: int, event: LoadEvent) -> None:
        after: Afterwards = []
        with self._lock:
            if choice != self._choices:
                # News of a model that is no longer the chosen one.
                return
            earlier, self._local = self._local, _after(self._local, event)
            if self._state is earlier:
                self._show(self._local, after)
        _run(after)


def _run(afterwards: Afterwards) -> None:
    for each in afterwards:
        each()


def _after(state: EngineState, event: LoadEvent) -> EngineState:
    chosen = EngineState(model=state.model, n_ctx=state.n_ctx)
    match event:
        case Loading():
            return replace(chosen, phase=Phase.LOADING, progress=event.progress)
        case Loaded():
            return replace(
                chosen,
                phase=Phase.READY,
                progress=1.0,
                loaded=event.model,
                notice=event.notice,
                reduced=event.reduced,
            )
        case LoadFailed():
            return replace(
                chosen,
                phase=Phase.FAILED,
                error=event.error,
                crashes_here=event.crashes_here,
            )
        case Unloaded():
            return replace(chosen, phase=Phase.IDLE, unloaded_idle=event.unloaded_idle)
