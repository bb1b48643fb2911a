"""llama.cpp in its own process, as a backend: started, fed, watched, restarted.

Everything happens in one worker thread with one inbox, where requests of the front ends and
reports of the engine process meet; so there are no locks and no races between them. A death costs
at most one answer: a request that has not spoken yet is tried once more with a safer plan, one that
has keeps its text, and the next one finds a new process.
"""

import itertools
import logging
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path

from desktop.backends import explain
from desktop.backends.base import Loaded, LoadEvent, LoadFailed, Loading, Unloaded
from desktop.backends.inbox import (
    CancelOrder,
    Died,
    Item,
    Listener,
    LoadOrder,
    Reported,
    Running,
    SubmitOrder,
    UnloadOrder,
)
from desktop.backends.process import Death, EngineProcess, sweep
from desktop.backends.wire import (
    device,
    generate_command,
    load_command,
    loaded_model,
    request_event,
)
from desktop.base.worker import Worker
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    Notice,
    ReasoningDelta,
    StopReason,
    TextDelta,
    Usage,
)
from desktop.domain.errors import Defect, EngineMissing, LapisError, ModelNotFound
from desktop.domain.model import Device, LoadedModel, LoadPlan
from desktop.domain.text import Text
from desktop.inference import messages
from desktop.inference.messages import Cancel, LoadProgress, Ping, Pong, ProtocolError, Ready

_TICK_SECONDS = 2.0
_SILENT_TICKS = 8
_IDLE_TICKS = 300
_IGNORED_TICKS = 3
_WATCHDOG_EXIT = 1
_CLOSE_SECONDS = 5.0
_NOTHING = Usage(0, 0, 0, 0.0, 0.0, 0.0)

_log = logging.getLogger(__name__)


class _Phase(Enum):
    EMPTY = auto()
    LOADING = auto()
    READY = auto()


class LlamaBackend:
    """See `backends.base.Backend`. `observer` gets load events in the worker thread."""

    def __init__(
        self,
        work_folder: Path,
        observer: Callable[[LoadEvent], None],
        states: Path | None = None,
        states_limit: int = 0,
    ) -> None:
        """Start the worker thread; no process yet.

        KV states that outlive a process are kept in `states`, at most `states_limit` bytes.
        """
        self._work_folder = work_folder
        self._states = states
        self._states_limit = states_limit
        self._observer = observer
        self._ids = itertools.count(1)
        self._closed = False
        self._phase = _Phase.EMPTY
        self._make_plan: Callable[[], LoadPlan] | None = None
        self._plan: LoadPlan | None = None
        self._model: LoadedModel | None = None
        self._notice: Text | None = None
        self._learned: dict[Path, LoadPlan] = {}
        self._process: EngineProcess | None = None
        self._devices: tuple[Device, ...] = ()
        self._deaths_in_a_row = 0
        self._silent_ticks = 0
        self._idle_ticks = 0
        self._killed_for_silence = False
        self._running: dict[int, Running] = {}
        self._worker: Worker[Item] = Worker(
            "engine", self._handle, tick=self._tick, tick_seconds=_TICK_SECONDS
        )

    # Called from any thread.

    def load(self, make_plan: Callable[[], LoadPlan]) -> None:
        """Replace what is loaded; running answers end as stopped."""
        self._worker.send(LoadOrder(make_plan))

    def submit(self, request: ChatRequest, listener: Listener) -> int:
        """Queue a request; it waits for a load in progress, and starts one where it must."""
        number = next(self._ids)
        if self._closed:
            listener(Finished(StopReason.STOPPED, _NOTHING))
        else:
            self._worker.send(SubmitOrder(number, request, listener))
        return number

    def cancel(self, request: int) -> None:
        """Stop a request."""
        self._worker.send(CancelOrder(request))

    def unload(self) -> None:
        """End the process; the next request loads again."""
        self._worker.send(UnloadOrder())

    @property
    def pid(self) -> int | None:
        """Process id of the engine, None when there is none."""
        process = self._process
        return None if process is None else process.pid

    def close(self) -> None:
        """End the process and the thread; running answers end as stopped."""
        if self._closed:
            return
        self._closed = True
        process = self._process
        if process is not None:
            # Before anything that waits in the inbox: a flooding child must not hold us up.
            process.kill()
        self._worker.send(UnloadOrder())
        self._worker.stop(_CLOSE_SECONDS)
        for item in self._worker.leftover():
            if isinstance(item, SubmitOrder):
                item.listener(Finished(StopReason.STOPPED, _NOTHING))

    # The worker thread.

    def _handle(self, item: Item) -> None:
        match item:
            case LoadOrder() if self._closed:
                pass
            case LoadOrder():
                self._stop_process()
                self._stop_running(only_sent=True)
                self._make_plan = item.make_plan
                self._deaths_in_a_row = 0
                self._begin_load()
            case SubmitOrder():
                self._take(item)
            case CancelOrder():
                self._cancel(item.id)
            case UnloadOrder():
                self._stop_process()
                self._stop_running(only_sent=False)
                self._observer(Unloaded())
            case Reported():
                item.process.handled()
                if item.process is self._process:
                    self._silent_ticks = 0
                    self._on_report(item.report)
            case Died():
                if item.process is self._process:
                    self._on_death(item.death)

    def _take(self, item: SubmitOrder) -> None:
        running = self._running[item.id] = Running(item.request, item.listener)
        match self._phase:
            case _Phase.READY:
                self._send(item.id, running)
            case _Phase.EMPTY if self._make_plan is not None and not self._closed:
                self._deaths_in_a_row = 0
                self._begin_load()
            case _Phase.EMPTY:
                self._end(item.id, Failed(_no_model()))
            case _Phase.LOADING:
                pass

    def _cancel(self, number: int) -> None:
        running = self._running.get(number)
        if running is None or running.cancelled:
            return
        if running.sent and self._process is not None:
            running.cancelled = True
            self._process.send(Cancel(id=number))
        else:
            self._end(number, Finished(StopReason.STOPPED, _NOTHING))

    def _begin_load(self) -> None:
        if self._make_plan is None:
            return
        self._phase = _Phase.LOADING
        try:
            plan = self._make_plan()
        except LapisError as error:
            self._fail_load(error)
            return
        except Exception:  # noqa: BLE001 - requests wait for this: they must get an end
            _log.exception("defect while planning a load")
            self._fail_load(_defect())
            return
        learned = self._learned.get(plan.path)
        if learned is not None:
            plan = replace(
                plan,
                extra_buffers=learned.extra_buffers,
                n_gpu_layers=learned.n_gpu_layers,
                n_ctx=learned.n_ctx or plan.n_ctx,
            )
        self._notice = None
        self._start_process(plan)

    def _start_process(self, plan: LoadPlan) -> None:
        self._phase = _Phase.LOADING
        self._observer(Loading(0.0))
        self._plan = plan
        self._model = None
        self._silent_ticks = self._idle_ticks = 0
        self._killed_for_silence = False
        try:
            sweep(self._work_folder)
            self._process = EngineProcess(
                self._work_folder,
                lambda process, report: self._worker.send(Reported(process, report)),
                lambda process, death: self._worker.send(Died(process, death)),
            )
        except OSError as error:
            _log.error("the engine process cannot be started: %s", error)
            self._process = None
            self._fail_load(_cannot_start(error))

    def _stop_process(self) -> None:
        process, self._process = self._process, None
        self._phase = _Phase.EMPTY
        self._model = None
        if process is not None:
            process.close()

    def _send(self, number: int, running: Running) -> None:
        if self._process is None:
            return
        try:
            self._process.send(generate_command(number, running.request))
        except ProtocolError:
            self._end(number, Failed(explain.explain_unsendable()))
            return
        running.sent = True

    def _on_report(self, report: messages.Report) -> None:
        if not isinstance(report, Pong):
            self._idle_ticks = 0
        match report:
            case Ready() if self._plan is not None and self._process is not None:
                self._devices = tuple(device(entry) for entry in report.devices)
                self._process.send(load_command(self._plan, self._states, self._states_limit))
            case LoadProgress():
                self._observer(Loading(min(1.0, max(0.0, report.fraction))))
            case messages.Loaded():
                self._on_loaded(report)
            case messages.LoadFailed():
                _log.warning("load refused: %s", report.kind)
                self._stop_process()
                self._fail_load(explain.explain_load_failure(report))
            case _:
                found = request_event(report)
                if found is not None:
                    self._tell(*found)

    def _on_loaded(self, report: messages.Loaded) -> None:
        if self._plan is None:
            return
        self._phase = _Phase.READY
        self._model = loaded_model(self._plan, report)
        self._observer(Loaded(self._model, self._notice))
        for number, running in list(self._running.items()):
            if self._notice is not None:
                running.listener(Notice(self._notice))
            self._send(number, running)

    def _on_death(self, death: Death) -> None:
        if self._closed:
            # Ended by us; what is left to do waits in the inbox.
            return
        loading = self._phase is _Phase.LOADING
        _log.warning("engine process ended: code %s at %s", death.code, death.step)
        error = explain.explain_silence() if self._killed_for_silence else None
        n_ctx = self._model.n_ctx if self._model is not None else 0
        plan = self._plan
        self._stop_process()
        self._deaths_in_a_row += 1
        if error is None:
            error = explain.explain_death(death)
        if death.step == "template" and death.code == _WATCHDOG_EXIT:
            self._end(death.request, Failed(explain.explain_hanging_template()))
            self._deaths_in_a_row = 0
        for number, running in list(self._running.items()):
            if running.cancelled:
                self._end(number, Finished(StopReason.STOPPED, _NOTHING))
            elif running.spoken or running.retried:
                self._end(number, Failed(error))
            elif running.sent:
                running.sent, running.retried = False, True
        safer = None
        if plan is not None:
            safer = explain.safer_plan(plan, death, n_ctx=n_ctx, devices=self._devices)
        if plan is None or self._deaths_in_a_row > 1 or (loading and safer is None):
            self._fail_load(error)
        elif safer is not None:
            plan, self._notice = safer
            self._learned[plan.path] = plan
            self._start_process(plan)
        elif self._running:
            self._start_process(plan)
        else:
            self._observer(Unloaded())

    def _fail_load(self, error: LapisError) -> None:
        self._phase = _Phase.EMPTY
        self._observer(LoadFailed(error))
        for number in list(self._running):
            self._end(number, Failed(error))

    def _tell(self, number: int, event: Event) -> None:
        running = self._running.get(number)
        match event:
            case Finished() | Failed():
                self._deaths_in_a_row = 0
                self._end(number, event)
            case _ if running is not None:
                running.spoken |= isinstance(event, TextDelta | ReasoningDelta)
                running.listener(event)

    def _end(self, number: int, event: Finished | Failed) -> None:
        running = self._running.pop(number, None)
        if running is not None:
            running.listener(event)

    def _stop_running(self, *, only_sent: bool) -> None:
        for number, running in list(self._running.items()):
            if running.sent or not only_sent:
                self._end(number, Finished(StopReason.STOPPED, _NOTHING))

    def _tick(self) -> None:
        """Ask a busy process for a sign of life; end one that gave none, or ignores a stop.

        Its other thread can still answer while native code hangs, so real progress is asked for as
        well, with more patience. Counted in ticks, not in seconds: a laptop that slept has missed
        no ticks.
        """
        process = self._process
        if process is None or (self._phase is _Phase.READY and not self._running):
            self._silent_ticks = self._idle_ticks = 0
            return
        self._silent_ticks += 1
        self._idle_ticks += 1
        ignored = 0
        for running in self._running.values():
            running.ticks_since_cancel += running.cancelled
            ignored = max(ignored, running.ticks_since_cancel)
        if (
            self._silent_ticks >= _SILENT_TICKS
            or self._idle_ticks >= _IDLE_TICKS
            or ignored >= _IGNORED_TICKS
        ):
            self._killed_for_silence = True
            process.kill()
        else:
            process.send(Ping(id=self._silent_ticks))


def _no_model() -> LapisError:
    return ModelNotFound(Text("No model is chosen"), Text("Choose a model first."))


def _defect() -> LapisError:
    return Defect(Text("The engine could not be started"), Text("Start Lapis again."))


def _cannot_start(error: OSError) -> LapisError:
    if error.errno is None:
        return _defect()
    return EngineMissing(
        Text("The engine could not be started: {reason}", {"reason": error.strerror or ""}),
        Text("Free some memory or disk space, or install Lapis again."),
    )
