"""llama.cpp in its own process, as a backend: the door to it, open to every thread.

What is asked here becomes an order in the inbox of one worker thread, where `actor` does the work.
"""

import itertools
import threading
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from desktop.backends import watch
from desktop.backends.actor import Actor
from desktop.backends.base import CountListener, Listener
from desktop.backends.inbox import (
    CancelOrder,
    CountOrder,
    ForgetOrder,
    Item,
    LoadOrder,
    Observer,
    SubmitOrder,
    UnloadOrder,
)
from desktop.backends.learned import Learned
from desktop.backends.vectors import take_times, take_vectors
from desktop.backends.watch import Limits
from desktop.backends.wire import count_command, embed_command, generate_command
from desktop.base.guard import guarded
from desktop.base.worker import Worker
from desktop.domain.chat import NOTHING_USED, ChatRequest, Finished, StopReason
from desktop.domain.engine import LoopTimes
from desktop.domain.model import LoadPlan
from desktop.inference.messages import Generate, RawLoop

_CLOSE_SECONDS = 5.0


class LlamaBackend:
    """All methods may be called from any thread; callbacks come from the worker thread.

    Of a request the last event is Finished or Failed.
    """

    def __init__(
        self,
        work_folder: Path,
        *,
        states: Path | None = None,
        learned: Learned | None = None,
        limits: Limits | None = None,
        check: Callable[[ChatRequest], None] = lambda _request: None,
    ) -> None:
        """Start the worker thread; no process yet.

        KV states that outlive a process are kept in `states` (None: none are). Without `learned`,
        what crashes teach is forgotten at the end. `check` looks at each request before it is sent;
        it runs in the worker thread, and a LapisError that it raises is the answer.
        """
        self._check = check
        self._ids = itertools.count(1)
        self._door = threading.Lock()
        """What goes into the inbox before the door is closed is answered."""
        self._closed = False
        self._actor = Actor(
            work_folder, states, learned or Learned(), limits or Limits(), self._post
        )
        self._worker: Worker[Item] = Worker(
            "engine", self._actor.handle, tick=self._actor.tick, tick_seconds=watch.TICK_SECONDS
        )

    def load(
        self, make_plan: Callable[[], LoadPlan], observer: Observer, *, full: bool = False
    ) -> None:
        """Replace what is loaded; running answers end as stopped.

        `make_plan` runs in the worker thread, it may raise LapisError. `observer` is told what
        becomes of the model, until another one is loaded, and must not raise anything. With `full`,
        what was learned from crashes of the model is forgotten first.
        """
        self._worker.send(LoadOrder(make_plan, observer, full))

    def submit(self, request: ChatRequest, listener: Listener) -> int:
        """Queue a request; it waits for a load in progress, and starts one where it must."""
        number = next(self._ids)
        return self._submit(
            SubmitOrder(
                number,
                lambda: self._command(number, request),
                listener,
                keeps=request.keep_state,
            )
        )

    def embed(
        self,
        texts: Sequence[str],
        deliver: Callable[[list["array[float]"]], None],
        listener: Listener,
    ) -> int:
        """Queue texts to be turned into vectors, given to `deliver` before Finished."""
        number = next(self._ids)
        taken = take_vectors(len(texts), deliver)
        return self._submit(
            SubmitOrder(number, lambda: embed_command(number, texts), listener, taken)
        )

    def raw_loop(
        self,
        prompt_tokens: int,
        answer_tokens: int,
        deliver: Callable[[LoopTimes], None],
        listener: Listener,
        *,
        keeps: bool,
    ) -> int:
        """Queue a run of llama.cpp's bare loop; its times go to `deliver` before Finished."""
        number = next(self._ids)
        command = RawLoop(number, prompt_tokens, answer_tokens, keeps)
        taken = take_times(answer_tokens, deliver)
        return self._submit(SubmitOrder(number, lambda: command, listener, taken))

    def count(self, requests: Sequence[ChatRequest], listener: CountListener, purpose: int) -> None:
        """Have the prompts of `requests` counted if a model is loaded; nothing is loaded for it.

        `listener` is called once: with the tokens of each, with why one of them has none, or with
        None where nothing is counted, which a later count for the same `purpose` also leads to.
        """
        number = next(self._ids)
        order = CountOrder(
            number,
            lambda: count_command(number, purpose, requests),
            guarded(listener, "a listener of counts"),
        )
        if not self._let_in(order):
            order.listener(None)

    def cancel(self, request: int) -> None:
        """Stop a request."""
        self._worker.send(CancelOrder(request))

    def unload(self) -> None:
        """End the process, which first writes what is worth keeping; the next request loads again."""
        self._worker.send(UnloadOrder())

    def forget_states(self) -> None:
        """Drop every kept KV state."""
        self._worker.send(ForgetOrder())

    @property
    def pid(self) -> int | None:
        """Process id of the engine, None when there is none."""
        return self._actor.pid

    def close(self) -> None:
        """End the process and the thread; running answers end as stopped."""
        with self._door:
            if self._closed:
                return
            self._closed = True
        # Before anything that waits in the inbox: a flooding child must not hold us up.
        self._actor.close()
        self._worker.send(UnloadOrder())
        if not self._worker.stop(_CLOSE_SECONDS):
            self._actor.kill()
        for item in self._worker.leftover():
            if isinstance(item, SubmitOrder):
                item.listener(Finished(StopReason.STOPPED, NOTHING_USED))
            elif isinstance(item, CountOrder):
                item.listener(None)

    def _command(self, number: int, request: ChatRequest) -> Generate:
        self._check(request)
        return generate_command(number, request)

    def _post(self, item: Item) -> None:
        self._worker.send(item)

    def _submit(self, order: SubmitOrder) -> int:
        # What one listener raises must not keep the others from their ends.
        order = replace(order, listener=guarded(order.listener, "a listener"))
        if not self._let_in(order):
            order.listener(Finished(StopReason.STOPPED, NOTHING_USED))
        return order.id

    def _let_in(self, order: Item) -> bool:
        with self._door:
            if not self._closed:
                self._worker.send(order)
            return not self._closed
