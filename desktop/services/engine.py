"""Who is chosen, and the one door to answers for window, popup, terminal and the local server.

A model of a server is asked at once, beside everything else. Files share one line, for there is
room for one of them: who wants another one than is loaded waits until its answers have ended.

Has no thread of its own: methods may be called from anywhere and return at once, observers and
listeners are called from threads of the backends. The waiting forms (`stream`, `embed`, `raw_loop`)
block the thread that calls them.
"""

import queue
import threading
from array import array
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from desktop.backends.base import Backend, Listener
from desktop.backends.learned import Learned
from desktop.backends.llama import LlamaBackend
from desktop.backends.watch import Limits
from desktop.base.guard import guarded
from desktop.base.paths import Paths
from desktop.domain.chat import ChatRequest, Event, Failed, Finished, StopReason, Usage
from desktop.domain.engine import EngineMemory, EngineState, LoopTimes
from desktop.domain.errors import LapisError, ModelNotFound, NotSupported
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.domain.sight import has_pictures
from desktop.domain.text import Text
from desktop.models.adapter import check_adapter
from desktop.services.engine_turns import EngineTurns
from desktop.services.model_turns import Wanted
from desktop.services.pictures import blind, files_are_blind, for_blind
from desktop.system.process_memory import memory_of

_POLL_SECONDS = 0.05
_TEXTS_AT_ONCE = 64
_STATES_BYTES = 4 * 2**30
_SILENCE_SECONDS = 600.0


class Stopped(Exception):
    """What was waited for was cancelled, or the engine is being closed."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """What texts became: a row of 32-bit floats for each.

    `tokens` were read for them, 0 where a server has not told.
    """

    rows: tuple["array[float]", ...] = ()
    tokens: int = 0


def _never() -> float | None:
    return None


def _no_servers(model: InstalledModel, _n_ctx: int | None) -> Backend:
    raise ModelNotFound(
        Text("There is no connection to {name}", {"name": model.server}),
        Text("Choose another model, or add the connection in the settings."),
    )


def _states_bytes() -> int:
    return _STATES_BYTES


def _silence_seconds() -> float:
    return _SILENCE_SECONDS


class Engine:
    """The chosen model and its state, and the requests made to it."""

    def __init__(
        self,
        plan_for: Callable[[InstalledModel], LoadPlan],
        paths: Paths,
        *,
        idle_limit: Callable[[], float | None] = _never,
        states_limit: Callable[[], int] = _states_bytes,
        silence_limit: Callable[[], float] = _silence_seconds,
        plan_anyway: Callable[[InstalledModel], LoadPlan] | None = None,
        plan_context: Callable[[InstalledModel, int, bool], LoadPlan] | None = None,
        served: Callable[[InstalledModel, int | None], Backend] = _no_servers,
        sees: Callable[[InstalledModel], bool | None] = files_are_blind,
    ) -> None:
        """`plan_for` makes the plan of a model; it runs off the caller's thread, may raise LapisError.

        The limits are asked again and again, in the engine thread: after `idle_limit` seconds
        without a request the process is ended (None: never), after `silence_limit` seconds without
        progress on one as well; `states_limit` bytes of KV states are kept on the disk (0: none).
        `plan_anyway` plans what `load_anyway` loads; `plan_context` does either, for a context in
        tokens other than the one that is set (without it that is left as it is set).
        `served` returns at once what answers with a model of a server, given a context as wanted
        (None: as it is set), or raises LapisError. `sees` tells at once whether a model takes
        pictures, None where nobody knows.
        """
        self._work_folder = paths.engine
        self._plan_for = plan_for
        self._plan_anyway = plan_anyway or plan_for
        self._plan_context = plan_context
        self._sees = sees
        self._lock = threading.Lock()
        self._observers: list[Callable[[EngineState], None]] = []
        self._answer_observers: list[Callable[[Usage], None]] = []
        self._backend = LlamaBackend(
            paths.engine,
            states=paths.states,
            learned=Learned(paths.learned),
            limits=Limits(idle=idle_limit, states=states_limit, stall=silence_limit),
            check=self._check,
        )
        self._turns = EngineTurns(self._backend, served, self._plan, self._tell, self._tell_answer)

    @property
    def state(self) -> EngineState:
        """The latest picture."""
        return self._turns.state

    @property
    def chosen(self) -> InstalledModel | None:
        """The model that was chosen last, whatever was loaded since for who wanted another."""
        return self._turns.chosen

    @property
    def here(self) -> EngineState:
        """The latest picture of this computer's own engine, whatever was chosen since."""
        return self._turns.local

    @property
    def work_folder(self) -> Path:
        """Where its processes have a folder each; what is left of dead ones is cleared away."""
        return self._work_folder

    @property
    def is_busy(self) -> bool:
        """Whether a model is being loaded, or an answer waited for."""
        return self._turns.is_busy

    def watch(self, observer: Callable[[EngineState], None]) -> None:
        """Call `observer` on each change, from the engine thread."""
        with self._lock:
            self._observers.append(guarded(observer, "an observer"))

    def watch_answers(self, observer: Callable[[Usage], None]) -> None:
        """Call `observer` at the end of each answer made here, from the engine thread."""
        with self._lock:
            self._answer_observers.append(guarded(observer, "an observer of answers"))

    def choose(self, model: InstalledModel, n_ctx: int | None = None) -> None:
        """Start loading `model`; the one chosen last wins.

        `n_ctx` is a context in tokens wanted this time, in place of the one that is set. A served
        model is ready at once, and whatever was loaded here stays until nobody has asked for it.
        """
        self._turns.choose(model, n_ctx)

    def use_full_settings(self, model: InstalledModel) -> None:
        """Forget what was given up for `model` after crashes, and load it as it is planned."""
        self._turns.choose(model, self._wanted_context(model), full=True)

    def load_anyway(self, model: InstalledModel) -> None:
        """Load `model` with its full settings even if it will not fit into memory."""
        self._turns.choose(model, self._wanted_context(model), full=True, anyway=True)

    def ask(
        self,
        request: ChatRequest,
        listener: Callable[[Event], None],
        wanted: Wanted | None = None,
    ) -> int:
        """Queue a request and return its number; the last event is Finished or Failed.

        Answered by the `wanted` model, which is loaded when it is its turn, or else the chosen one.
        A question with pictures for a model that does not see ends at once with NotSupported; of
        pictures that came earlier in the chat such a model is told in words.
        """
        if has_pictures(request):
            model = self.state.model if wanted is None else wanted.model
            try:
                request = request if model is None else self._seen_by(model, request)
            except NotSupported as error:
                return self._turns.refuse(error, listener)
        return self._turns.ask(
            lambda backend, hear: backend.submit(request, hear), listener, wanted
        )

    def count(
        self,
        requests: Sequence[ChatRequest],
        listener: Callable[[tuple[int, ...] | LapisError | None], None],
        *,
        purpose: int = 0,
    ) -> None:
        """Count the tokens of the prompts that these requests would have, exactly, and no more.

        `listener` is called once, from the engine thread or this one: with the tokens of each, with
        the reason why one of them has none, or with None. Nothing is counted without a loaded
        model, and what still waits is given up for a newer count with the same `purpose`. Answers
        being written go first. Servers do not count.
        """
        model = self.state.model
        if model is not None and model.is_served:
            listener(None)
        else:
            self._backend.count(requests, listener, purpose)

    def stream(
        self, request: ChatRequest, cancel: threading.Event, wanted: Wanted | None = None
    ) -> Generator[Event, None, None]:
        """Yield the events of one answer, asked for as by `ask`; setting `cancel` stops it."""
        inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        yield from self._until_ended(self.ask(request, inbox.put, wanted), inbox, cancel)

    def embed(
        self,
        texts: Sequence[str],
        cancel: threading.Event | None = None,
        wanted: Wanted | None = None,
    ) -> Vectors:
        """Return one vector a text, from an embedding model; waits.

        From the `wanted` model as in `ask`, or the chosen one. Raises LapisError, or Stopped once
        `cancel` is set or the engine is closed.
        """
        vectors: list[array[float]] = []
        tokens = 0
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
            part = tuple(texts[start : start + _TEXTS_AT_ONCE])
            number = self._turns.ask(partial(_post_texts, part, vectors), inbox.put, wanted)
            tokens += self._wait(number, inbox, cancel).prompt_tokens
        return Vectors(tuple(vectors), tokens)

    def raw_loop(
        self,
        prompt_tokens: int,
        answer_tokens: int,
        cancel: threading.Event | None = None,
        *,
        keeps: bool = False,
    ) -> LoopTimes:
        """Time llama.cpp's bare loop on the chosen model, a file; waits, raises as `embed` does.

        `keeps`: the prompt stays read, in memory, for the next run of the same size.
        """
        times: list[LoopTimes] = []
        inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        number = self._turns.ask(
            lambda _backend, hear: self._backend.raw_loop(
                prompt_tokens, answer_tokens, times.append, hear, keeps=keeps
            ),
            inbox.put,
            None,
        )
        self._wait(number, inbox, cancel)
        return times[0]

    def cancel(self, request: int) -> None:
        """Stop a request; its text so far stays."""
        self._turns.cancel(request)

    def unload(self) -> None:
        """End the engine process; the next question loads the model again."""
        self._backend.unload()

    def forget_states(self) -> None:
        """Drop every kept KV state, in memory and on the disk; returns at once."""
        self._backend.forget_states()

    def memory(self) -> EngineMemory | None:
        """Memory of the engine process as it is now; None when none runs. Any thread, quick.

        What it has on graphics cards is as it was measured when the model was loaded.
        """
        pid = self.engine_pid()
        resident = None if pid is None else memory_of(pid)
        loaded = self._turns.local.loaded
        on_cards = 0 if loaded is None else loaded.gpu_memory
        return None if resident is None else EngineMemory(resident, on_cards)

    def engine_pid(self) -> int | None:
        """Process id of the engine process, None when there is none."""
        return self._backend.pid

    def close(self) -> None:
        """End everything; idempotent. Waits a few seconds at most for KV states to be written."""
        self._turns.close()
        self._backend.close()

    def _seen_by(self, model: InstalledModel, request: ChatRequest) -> ChatRequest:
        return for_blind(request) if self._sees(model) is False else request

    def _plan(self, model: InstalledModel, n_ctx: int | None, anyway: bool) -> LoadPlan:
        if n_ctx is not None and self._plan_context is not None:
            return self._plan_context(model, n_ctx, anyway)
        return self._plan_anyway(model) if anyway else self._plan_for(model)

    def _wanted_context(self, model: InstalledModel) -> int | None:
        """Return the context that `model` was wanted with, if it is the one chosen last."""
        state = self.state
        return state.n_ctx if state.model == model else None

    def _until_ended(
        self, number: int, inbox: "queue.SimpleQueue[Event]", cancel: threading.Event | None
    ) -> Generator[Event, None, None]:
        try:
            while True:
                if cancel is not None and cancel.is_set():
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

    def _wait(
        self, number: int, inbox: "queue.SimpleQueue[Event]", cancel: threading.Event | None
    ) -> Usage:
        """Return what a request took when it has ended; raises LapisError or Stopped."""
        for event in self._until_ended(number, inbox, cancel):
            match event:
                case Failed():
                    raise event.error
                case Finished(reason, usage) if reason is not StopReason.STOPPED:
                    return usage
        raise Stopped

    def _check(self, request: ChatRequest) -> None:
        """Keep adapters that llama.cpp would die of away from it; raises ModelFileError.

        Raises NotSupported for pictures: this computer's own engine has no eyes.
        """
        if has_pictures(request):
            # Asked when another model was to answer.
            raise blind()
        loaded = self._turns.local.loaded
        for adapter in request.adapters:
            check_adapter(adapter.path, None if loaded is None else loaded.plan.path)

    def _tell_answer(self, usage: Usage) -> None:
        with self._lock:
            observers = list(self._answer_observers)
        for observer in observers:
            observer(usage)

    def _tell(self, state: EngineState) -> None:
        with self._lock:
            observers = list(self._observers)
        for observer in observers:
            observer(state)


def _post_texts(
    texts: tuple[str, ...], vectors: "list[array[float]]", backend: Backend, hear: Listener
) -> int:
    return backend.embed(texts, vectors.extend, hear)
