"""The engine process: commands in, reports out, llama.cpp in between.

The main thread alone touches llama.cpp. A second thread reads commands, so that a stop interrupts
a long prompt and a sign of life is given while native code runs. The process ends when its parent
closes the pipe or dies; it has no network, no display, no secrets, and leaves no core dump.
"""

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO

from desktop.inference.batch_cost import BatchCost
from desktop.inference.bindings import BindingsMissing
from desktop.inference.child import (
    EXIT_BROKEN,
    TEMPLATE_SECONDS,
    claim_output,
    end_with,
    ended_after,
    harden,
)
from desktop.inference.chunks import GpuChunks, ProcessorChunks
from desktop.inference.counting import Counting
from desktop.inference.embedding import Embedder, StopWaits
from desktop.inference.intake import count_of, job_for
from desktop.inference.interrupt import Interrupt
from desktop.inference.load_order import Load
from desktop.inference.loading import LoadError
from desktop.inference.messages import (
    Cancel,
    Command,
    Count,
    Done,
    Embed,
    Forget,
    Generate,
    LoadFailed,
    LoadProgress,
    Ping,
    Pong,
    ProtocolError,
    RawLoop,
    Ready,
    Refused,
    Report,
    Retire,
    Step,
    frame,
    read_command,
)
from desktop.inference.prefix_cache import PrefixCache, kept_states
from desktop.inference.raw_loop import BareLoop
from desktop.inference.runtime import Runtime
from desktop.inference.scheduler import Scheduler
from desktop.inference.template import PromptMaker
from desktop.inference.threads import ThreadKeeper

# Guesses in a batch on the processor; with more, confirming them costs more than it saves.
_PROCESSOR_DRAFT = 3
_PROGRESS_STEP = 0.01


def main(parent: int) -> None:
    """Run until `parent` (a process id) closes the pipe or dies; never returns."""
    reports = claim_output()
    harden(parent)
    threading.excepthook = lambda failure: end_with(failure.exc_value)
    try:
        Host(sys.stdin.buffer, reports).run()
    except BaseException as failure:  # noqa: BLE001 - whatever it is, the parent reads it
        end_with(failure)


class Host:
    """Owns the pipe, the model, and who may speak when."""

    def __init__(self, commands: BinaryIO, reports: BinaryIO) -> None:
        """Start reading commands."""
        self._reports = reports
        self._lock = threading.Lock()
        self._inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
        # Each written by one thread alone: stops that came, and those that were dealt with.
        self._stops_read = self._stops_done = 0
        self._interrupt = Interrupt()
        self._request = 0
        self._scheduler: Scheduler | None = None
        self._prompts: PromptMaker | None = None
        self._embedder: Embedder | None = None
        self._broken_off: list[Embed] = []
        self._bare_loop: BareLoop | None = None
        self._counting = Counting(self._count_of)
        self._n_ctx = 0
        threading.Thread(target=self._read, args=(commands,), name="commands", daemon=True).start()

    def run(self) -> None:  # noqa: C901, PLR0912 - one case for each order
        """Serve commands; the process exits from here or from the reading thread."""
        try:
            runtime = Runtime()
        except BindingsMissing as error:
            self.emit(LoadFailed(kind="backends", detail=str(error)[:300]))
            os._exit(EXIT_BROKEN)
        self.emit(Ready(devices=runtime.devices))
        while True:
            scheduler = self._scheduler
            is_idle = scheduler is None or scheduler.idle
            command = self._next(wait=is_idle and not self._counting and not self._broken_off)
            match command:
                case None:
                    if scheduler is not None and not is_idle:
                        scheduler.step()
                    self._count()
                    if self._broken_off:
                        self._embed(self._broken_off.pop(0))
                case Count():
                    self._counting.take(command)
                case Load():
                    self._load(runtime, command)
                case Generate():
                    self._answer(runtime, command)
                case Embed():
                    self._embed(command)
                case RawLoop():
                    self._race(command)
                case Cancel():
                    self._stop_done()
                    if scheduler is not None:
                        scheduler.cancel(command.id)
                    self._stop_embedding(command.id)
                case Forget() if scheduler is not None:
                    scheduler.forget()
                case Retire():
                    if scheduler is not None:
                        scheduler.retire()
                    os._exit(0)

    def emit(self, report: Report) -> None:
        """Send a report; a parent that is gone ends the process."""
        try:
            with self._lock:
                self._reports.write(frame(report))
                self._reports.flush()
        except OSError:
            os._exit(0)

    def _next(self, *, wait: bool) -> Command | None:
        try:
            return self._inbox.get(block=wait)
        except queue.Empty:
            return None

    def _stop_done(self) -> None:
        """Let things be computed again, unless another stop waits in the inbox.

        Lowered first, then looked: a stop that is read meanwhile raises the flag after that.
        """
        self._stops_done += 1
        self._interrupt.down()
        if self._stops_read > self._stops_done:
            self._interrupt.up()

    def _load(self, runtime: Runtime, order: Load) -> None:
        self.emit(Step(name="load"))
        shown = 0.0

        def progress(fraction: float) -> None:
            nonlocal shown
            if fraction - shown >= _PROGRESS_STEP or fraction >= 1:
                shown = fraction
                self.emit(LoadProgress(fraction=fraction))

        try:
            loaded = runtime.load(order, progress, self._interrupt)
        except LoadError as error:
            self.emit(LoadFailed(kind=error.kind, detail=error.detail))
            return
        if loaded.embeds:
            self._embedder = Embedder(runtime, self.emit)
        else:
            self._prompts = PromptMaker(runtime, self._template_guard)
            self._n_ctx = runtime.n_ctx
            self._scheduler = self._new_scheduler(runtime, order)
            self._bare_loop = BareLoop(runtime)
        self.emit(Step(name="idle"))
        self.emit(loaded)

    def _new_scheduler(self, runtime: Runtime, order: Load) -> Scheduler:
        gpu = runtime.offloaded
        attention = 0.0 if gpu else runtime.lone_attention(order)
        chunks = (
            GpuChunks(order.n_batch)
            if gpu
            else ProcessorChunks(order.n_batch, attention if runtime.tiles(order) else 0.0)
        )
        cache = PrefixCache(runtime.memory, runtime.n_ctx, kept_states(order, runtime))
        drafts = order.draft_tokens if gpu else min(order.draft_tokens, _PROCESSOR_DRAFT)
        costs = BatchCost(gpu=gpu, repacked=order.extra_buffers, lone_attention=attention)
        threads = ThreadKeeper(order.threads)
        return Scheduler(runtime, cache, order.slots, chunks, drafts, costs, threads, self.emit)

    def _answer(self, runtime: Runtime, order: Generate) -> None:
        scheduler, prompts = self._scheduler, self._prompts
        if scheduler is None or prompts is None:
            kind = "no_model" if self._embedder is None else "not_chat"
            self.emit(Refused(id=order.id, kind=kind, detail=""))
            return
        self._request = order.id
        job = job_for(order, prompts.prompt, runtime.n_ctx)
        if isinstance(job, Refused):
            self.emit(job)
        else:
            scheduler.submit(job)
        self.emit(Step(name="decode"))

    def _count(self) -> None:
        """Count one prompt, if any waits: answers being written wait no longer than for that."""
        if self._counting:
            if (report := self._counting.step()) is not None:
                self.emit(report)
            self.emit(Step(name="decode"))

    def _count_of(self, order: Generate) -> int | Refused:
        prompts = self._prompts
        if prompts is None:
            kind = "no_model" if self._embedder is None else "not_chat"
            return Refused(id=order.id, kind=kind, detail="")
        self._request = order.id
        return count_of(order, prompts.prompt, self._n_ctx)

    def _embed(self, order: Embed) -> None:
        if self._embedder is None:
            kind = "no_model" if self._scheduler is None else "not_embedding"
            self.emit(Refused(id=order.id, kind=kind, detail=""))
            return
        self.emit(Step(name="decode"))
        try:
            self._embedder.embed(order)
        except StopWaits:
            self._broken_off.append(order)

    def _stop_embedding(self, request: int) -> None:
        """End an order that was broken off, if the stop was meant for it and for no other."""
        for order in self._broken_off:
            if order.id == request:
                self._broken_off.remove(order)
                self.emit(
                    Done(
                        id=request,
                        reason="stopped",
                        prompt_tokens=0,
                        cached_tokens=0,
                        completion_tokens=0,
                        ttft_ms=0.0,
                        prefill_tps=0.0,
                        decode_tps=0.0,
                    )
                )
                return

    def _race(self, order: RawLoop) -> None:
        if self._bare_loop is None:
            self.emit(Refused(id=order.id, kind="no_model", detail=""))
            return
        try:
            self.emit(self._bare_loop.run(order))
        except MemoryError:
            self.emit(Refused(id=order.id, kind="decode", detail="no room"))

    @contextlib.contextmanager
    def _template_guard(self) -> Iterator[None]:
        """End the process when a template runs too long."""
        self.emit(Step(name="template", request=self._request))
        try:
            with ended_after(TEMPLATE_SECONDS):
                yield
        finally:
            self.emit(Step(name="prompt", request=self._request))

    def _read(self, commands: BinaryIO) -> None:
        while True:
            try:
                command = read_command(commands)
            except ProtocolError:
                os._exit(EXIT_BROKEN)
            if command is None:
                os._exit(0)
            if isinstance(command, Ping):
                self.emit(Pong(id=command.id))
                continue
            if isinstance(command, Cancel):
                # Before it can be dealt with, or the flag would stay up for ever.
                self._stops_read += 1
                self._interrupt.up()
            self._inbox.put(command)
