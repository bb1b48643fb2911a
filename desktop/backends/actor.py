"""The engine's worker thread: it starts, feeds, watches and restarts the engine process.

Everything happens in one thread with one inbox, where requests of the front ends and reports of the
engine process meet; so there are no locks and no races between them. A death costs at most one
answer: a request that has not spoken yet is tried once more with a safer plan, one that has keeps
its text, and the next one finds a new process. This thread also starts the processes, and it lives
as long as the backend: the system ends a process together with the thread that made it.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from desktop.backends import explain, states
from desktop.backends.counts import Counts
from desktop.backends.inbox import (
    CancelOrder,
    CountOrder,
    Died,
    ForgetOrder,
    Item,
    LoadOrder,
    Observer,
    Reported,
    SubmitOrder,
    UnloadOrder,
)
from desktop.backends.ladder import Cause, cause_of
from desktop.backends.learned import Learned
from desktop.backends.lessons import Lessons
from desktop.backends.load_events import Loaded, LoadFailed, Loading, Phase, Unloaded, nobody
from desktop.backends.process import UNSEEN, Death, EngineProcess, sweep
from desktop.backends.requests import Requests
from desktop.backends.watch import Limits, Verdict, Watch
from desktop.backends.wire import device, load_command, loaded_model, request_event
from desktop.domain.chat import NOTHING_USED, Failed, Finished, StopReason
from desktop.domain.errors import LapisError
from desktop.domain.model import Device, LoadedModel, LoadPlan
from desktop.inference import messages

_RETIRE_SECONDS = 10.0
_RETIRE_SECONDS_AT_THE_END = 3.0
_KILL_SECONDS = 1.0
_ENDING_TICKS = 10
_WATCHDOG_EXIT = 1
_LAST_WORDS = 500

_log = logging.getLogger(__name__)


class Actor:
    """All state of the backend. `handle` and `tick` run in the worker thread."""

    def __init__(
        self,
        work_folder: Path,
        states_folder: Path | None,
        learned: Learned,
        limits: Limits,
        post: Callable[[Item], None],
    ) -> None:
        """Start without a process; what happens to one comes back through `post`."""
        self._work_folder = work_folder
        self._observer: Observer = nobody
        self._states = states_folder
        self._limits = limits
        self._post = post
        self._closed = False
        self._phase = Phase.EMPTY
        self._make_plan: Callable[[], LoadPlan] | None = None
        self._full = False
        self._plan: LoadPlan | None = None
        self._model: LoadedModel | None = None
        self._lessons = Lessons(learned)
        self._process: EngineProcess | None = None
        self._devices: tuple[Device, ...] = ()
        self._watch = Watch(limits)
        self._ended_for: Verdict | None = None
        self._then: Callable[[], None] = self._rest
        self._ending_ticks = 0
        self._worth_keeping = False
        self._is_retried = False
        self._is_up = False
        self._requests = Requests()
        self._counts = Counts()

    # Called from any thread.

    @property
    def pid(self) -> int | None:
        """Process id of the engine, None when there is none."""
        process = self._process
        return None if process is None else process.pid

    def close(self) -> None:
        """Take no more orders and let the process go; returns at once."""
        self._closed = True
        if (process := self._process) is not None:
            self._let_go(process)

    def kill(self) -> None:
        """End the process, if there still is one."""
        if (process := self._process) is not None:
            process.kill()

    def _let_go(self, process: EngineProcess) -> None:
        if self._worth_keeping:
            process.retire(_RETIRE_SECONDS_AT_THE_END if self._closed else _RETIRE_SECONDS)
        else:
            process.kill()

    # The worker thread.

    def handle(self, item: Item) -> None:  # noqa: C901 - one case for each kind
        """Do what an order says, or what a report calls for."""
        match item:
            case LoadOrder() if self._closed:
                pass
            case LoadOrder():
                self._requests.stop(only_sent=True)
                self._counts.trust()
                self._make_plan, self._full = item.make_plan, item.full
                self._observer = item.observer
                self._leave(self._begin_load)
            case SubmitOrder():
                self._take(item)
            case CountOrder():
                self._counts.take(item, self._process if self._phase is Phase.READY else None)
            case CancelOrder():
                if self._requests.cancel(item.id) and self._process is not None:
                    self._process.send(messages.Cancel(id=item.id))
                self._requests.show_places()
            case UnloadOrder():
                self._requests.stop(only_sent=False)
                self._leave(self._rest)
                if self._closed:
                    self._wait_for_the_end()
            case ForgetOrder():
                self._forget_states()
            case Reported():
                item.process.handled()
                if item.process is self._process:
                    self._on_report(item.report)
            case Died():
                if item.process is not self._process or self._closed:
                    return
                self._on_end(item.death)

    def tick(self) -> None:
        """Look after the process."""
        process = self._process
        if process is None:
            return
        if self._phase is Phase.LEAVING or self._ended_for is not None:
            self._ending_ticks += 1
            if self._ending_ticks >= _ENDING_TICKS:
                _log.error("an engine process does not end, not even when it is killed")
                self._on_end(UNSEEN)
            return
        match self._watch.tick(self._requests.under_way(), loading=self._phase is Phase.LOADING):
            case (Verdict.HUNG | Verdict.DEAF) as verdict:
                self._ended_for = verdict
                self._ending_ticks = 0
                process.kill()
            case Verdict.UNUSED:
                self._leave(lambda: self._rest(unused=True))
            case Verdict.ASK:
                process.send(messages.Ping(id=0))
            case Verdict.FINE:
                pass

    def _take(self, order: SubmitOrder) -> None:
        if self._closed:
            order.listener(Finished(StopReason.STOPPED, NOTHING_USED))
            return
        self._requests.add(order)
        match self._phase:
            case Phase.READY:
                self._send_requests()
            case Phase.EMPTY if self._make_plan is not None:
                self._begin_load()
            case Phase.EMPTY:
                self._requests.end(order.id, Failed(explain.explain_no_model()))
            case Phase.LEAVING:
                self._then = self._begin_load
                self._requests.show_places()
            case Phase.LOADING:
                self._requests.show_places()

    def _send_requests(self) -> None:
        if self._process is not None:
            self._worth_keeping |= self._requests.send(self._process.send)

    # Loading.

    def _begin_load(self) -> None:
        if self._make_plan is None:
            return
        self._phase = Phase.LOADING
        try:
            wished = self._make_plan()
        except LapisError as error:
            self._fail_load(error)
            return
        except Exception:  # noqa: BLE001 - requests wait for this: they must get an end
            _log.exception("defect while planning a load")
            self._fail_load(explain.explain_defect())
            return
        self._is_retried = False
        full, self._full = self._full, False
        plan = self._lessons.begin(wished, full=full)
        if isinstance(plan, LapisError):
            self._fail_load(plan, crashes_here=True)
        else:
            self._start_process(plan)

    def _start_process(self, plan: LoadPlan) -> None:
        self._phase = Phase.LOADING
        self._observer(Loading(0.0))
        self._plan = plan
        self._model = self._ended_for = None
        self._worth_keeping = self._is_up = False
        self._watch.begin()
        self._requests.show_places()
        try:
            sweep(self._work_folder)
            self._process = EngineProcess(
                self._work_folder,
                lambda process, report: self._post(Reported(process, report)),
                lambda process, death: self._post(Died(process, death)),
            )
        except OSError as error:
            _log.error("the engine process cannot be started: %s", error)
            self._process = None
            self._fail_load(explain.explain_no_start(error))
            return
        self._lessons.loading(plan.path)

    def _on_process_ready(self, report: messages.Ready) -> None:
        if self._plan is None or self._process is None:
            return
        self._is_up, self._is_retried = True, False
        self._devices = tuple(device(entry) for entry in report.devices)
        self._plan = self._lessons.with_devices(self._plan, self._devices)
        limit = self._limits.states()
        kept_in = states.folder_for(self._states, limit)
        self._process.send(load_command(self._plan, kept_in, limit))

    def _on_loaded(self, report: messages.Loaded) -> None:
        if self._plan is None:
            return
        self._phase = Phase.READY
        self._model = loaded_model(self._plan, report)
        notice, reduced = self._lessons.loaded(self._plan)
        self._observer(Loaded(self._model, notice, reduced))
        if notice is not None:
            self._requests.notice(notice)
        self._send_requests()

    def _fail_load(self, error: LapisError, *, crashes_here: bool = False) -> None:
        self._phase = Phase.EMPTY
        self._observer(LoadFailed(error, crashes_here))
        self._requests.fail(error)

    # The process speaks, or dies.

    def _on_report(self, report: messages.Report) -> None:
        self._watch.heard(progress=not isinstance(report, messages.Pong))
        loading = self._phase is Phase.LOADING
        if self._counts.hear(report):
            return
        match report:
            case messages.Ready() if loading:
                self._on_process_ready(report)
            case messages.LoadProgress() if loading:
                self._observer(Loading(min(1.0, max(0.0, report.fraction))))
            case messages.Loaded() if loading:
                self._on_loaded(report)
            case messages.LoadFailed() if loading:
                self._on_refused(report)
            case messages.Embedded() | messages.RawLooped():
                self._on_answered()
                self._requests.deliver(report)
            case _ if not loading and (found := request_event(report)) is not None:
                if isinstance(found[1], Finished | Failed):
                    self._on_answered()
                self._requests.tell(*found)

    def _on_refused(self, report: messages.LoadFailed) -> None:
        _log.warning("load refused: %s", report.kind)
        plan = self._plan
        self._drop_process()
        smaller = None if plan is None else self._lessons.refused(plan, report, self._devices)
        if smaller is None:
            self._fail_load(explain.explain_load_failure(report))
        else:
            self._start_process(smaller)

    def _on_answered(self) -> None:
        if self._plan is not None:
            self._lessons.answered(self._plan)

    def _on_end(self, death: Death) -> None:
        if self._phase is Phase.LEAVING:
            self._gone()
        else:
            self._on_death(death)

    def _on_death(self, death: Death) -> None:
        loading = self._phase is Phase.LOADING
        plan, model, ended_for = self._plan, self._model, self._ended_for
        cause = cause_of(death) if ended_for is None else Cause.SILENCE
        self._counts.died(death)
        _log.warning("engine process ended: code %s at %s (%s)", death.code, death.step, cause)
        if loading:
            # Later its last words could hold something of a chat.
            _log.warning("its last words: %s", death.stderr[-_LAST_WORDS:])
        self._drop_process()
        error = explain.explain_death(cause)
        unused = not loading and not self._requests
        starved = cause in {Cause.MEMORY, Cause.NO_MEMORY, Cause.CARD_MEMORY}
        innocent = (unused and starved) or ended_for is Verdict.DEAF
        if death.step == "template" and death.code == _WATCHDOG_EXIT:
            self._requests.end(death.request, Failed(explain.explain_hanging_template()))
            innocent = True
        found = None
        if plan is not None and self._is_up and not innocent:
            found = self._lessons.died(plan, cause, model, self._devices)
        self._requests.outlive(found if isinstance(found, LapisError) else error)
        if plan is None or self._is_retried:
            self._fail_load(error)
            return
        if not self._is_up:
            # It never got as far as the model, so that is not to blame.
            self._is_retried = True
            self._start_process(plan)
            return
        match found:
            case LapisError():
                self._fail_load(found, crashes_here=True)
            case LoadPlan():
                self._start_process(found)
            case None if loading:
                self._fail_load(error)
            case None if self._requests:
                self._start_process(plan)
            case None:
                self._rest()

    # Ending it.

    def _leave(self, then: Callable[[], None]) -> None:
        """End the process, if there is one, and do `then` once it is gone."""
        self._then = then
        process = self._process
        if process is None:
            self._gone()
        elif self._phase is not Phase.LEAVING:
            self._phase = Phase.LEAVING
            self._ending_ticks = 0
            self._lessons.settled()
            self._let_go(process)

    def _gone(self) -> None:
        self._drop_process()
        self._then()

    def _rest(self, *, unused: bool = False) -> None:
        self._observer(Unloaded(unloaded_idle=unused))

    def _drop_process(self) -> None:
        process, self._process = self._process, None
        self._phase = Phase.EMPTY
        self._model = None
        self._worth_keeping = False
        self._counts.drop()
        self._lessons.settled()
        if process is not None:
            process.close()

    def _wait_for_the_end(self) -> None:
        if (process := self._process) is not None:
            process.join(_RETIRE_SECONDS_AT_THE_END + _KILL_SECONDS)
            self._gone()

    def _forget_states(self) -> None:
        if (process := self._process) is not None and self._phase is not Phase.LEAVING:
            self._worth_keeping = False
            process.send(messages.Forget())
        elif process is not None:
            # It may still be writing what is to be forgotten.
            process.kill()
            process.join(_KILL_SECONDS)
        states.wipe(self._states)
