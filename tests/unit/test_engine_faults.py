"""Faults brought about on purpose: engine processes that are killed, stopped, starved, or lie."""

import os
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import gguf
import psutil
import pytest

from desktop.backends.inbox import Running, SubmitOrder
from desktop.backends.process import Death, EngineProcess
from desktop.backends.watch import TICK_SECONDS, Limits, Verdict, Watch
from desktop.base.paths import paths_under
from desktop.domain.chat import (
    Event,
    Failed,
    Finished,
    Notice,
    PromptProgress,
    Sampling,
    StopReason,
    TextDelta,
)
from desktop.domain.engine import Phase
from desktop.domain.errors import EngineDied, OutOfMemory
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.inference.load_order import Load
from desktop.inference.messages import Command
from desktop.models.hardware import memory
from desktop.services.engine import Engine
from desktop.services.planning import plan_for
from tests import gguf_files
from tests.unit.engine_room import Room, engine_room, model_at, question
from tests.unit.engine_stubs import as_usual, play

LONG = Sampling(temperature=0, max_tokens=1500)
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone has this")


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    return gguf_files.write_llama(tmp_path / "tiny.gguf")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is noticed soon, but not so soon that a busy machine looks like a dead one."""
    monkeypatch.setattr("desktop.backends.watch.TICK_SECONDS", 0.05)
    monkeypatch.setattr("desktop.backends.watch.SILENCE_SECONDS", 2.5)


def notices(events: Iterable[Event]) -> list[str]:
    return [str(event.text) for event in events if isinstance(event, Notice)]


# 2. The engine process is killed, or stands still, at any moment.


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("how", "told"), [(signal.SIGKILL, "Memory ran out"), (signal.SIGSTOP, "stopped responding")]
)
def test_a_fault_while_loading_is_survived_with_a_safer_plan(
    tmp_path: Path,
    llama: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: signal.Signals,
    told: str,
) -> None:
    struck = threading.Event()
    send = EngineProcess.send

    def strike(process: EngineProcess, command: Command) -> None:
        if isinstance(command, Load) and not struck.is_set():
            struck.set()
            os.kill(process.pid, how)
        send(process, command)

    monkeypatch.setattr(EngineProcess, "send", strike)
    with engine_room(tmp_path / "home", llama) as room:
        answer = room.ask(question("Hello")).wait()
        assert answer.finished.usage.completion_tokens > 0
        assert [told in text for text in notices(answer.events)] == [True]
        assert told in str(room.engine.state.reduced)
        assert len(psutil.Process().children()) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("moment", [PromptProgress, TextDelta])
def test_a_fault_in_mid_answer_costs_that_answer_at_most(
    tmp_path: Path, moment: type[Event], how: signal.Signals
) -> None:
    model = gguf_files.write_llama(tmp_path / "m.gguf", context_length=4096)
    with engine_room(tmp_path / "home", model) as room:
        struck = threading.Event()

        def strike(event: Event) -> None:
            pid = room.engine.engine_pid()
            if isinstance(event, moment) and not struck.is_set() and pid is not None:
                struck.set()
                os.kill(pid, how)

        answer = room.ask(question("word and another word " * 40, LONG), strike).wait()
        # A stroke at the first progress may meet an engine that has begun to answer meanwhile.
        if moment is TextDelta or isinstance(answer.events[-1], Failed):
            assert isinstance(answer.failed.error, EngineDied)
            assert answer.text
        else:
            assert answer.finished.usage.completion_tokens > 0
        assert room.ask(question("Hello")).wait().text
        assert len(psutil.Process().children()) == 1


@pytest.mark.usefixtures("impatient")
def test_an_engine_stopped_while_idle_is_noticed_with_the_next_question(
    tmp_path: Path, llama: Path
) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        pid = room.stand_still()
        assert room.ask(question("Hello")).wait().text
        assert room.engine.engine_pid() not in {None, pid}


def test_an_engine_killed_again_and_again_while_idle_is_not_blamed(
    tmp_path: Path, llama: Path
) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        for _ in range(3):
            room.engine.choose(model_at(llama))
            room.until(Phase.READY)
            os.kill(room.pid, signal.SIGKILL)
            room.until(Phase.IDLE)
        assert room.ask(question("Hello")).wait().text
        assert room.engine.state.reduced is None


def test_a_decode_that_hangs_while_the_process_still_answers_is_ended(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.watch.TICK_SECONDS", 0.05)
    play(
        monkeypatch,
        """
        ready(CPU)
        load()
        loaded()
        request = serve()
        out(Delta(id=request.id, text="The", thinking=False))
        serve()
        """,
    )
    with engine_room(tmp_path / "home", model, silence_limit=lambda: 0.5) as room:
        answer = room.ask(question("Hello")).wait()
        assert str(answer.failed.error.title) == "The engine stopped responding"
        assert answer.text == "The"


def watched(*, cancelled: bool = False) -> list[Running]:
    running = Running(SubmitOrder(1, lambda: Load(b"", 0, 0, 0, 0, 0, "", False, 1), print))
    running.cancelled = cancelled
    return [running]


def test_silence_standstill_and_deafness_are_counted_in_ticks() -> None:
    watch = Watch(Limits())
    starting = [watch.tick([], loading=True) for _ in range(32)]
    assert starting == [*[Verdict.ASK] * 31, Verdict.HUNG]
    watch = Watch(Limits(stall=lambda: 40.0))
    verdicts = []
    for _ in range(25):
        watch.heard(progress=False)
        verdicts.append(watch.tick(watched(), loading=False))
    assert verdicts[:19] == [Verdict.ASK] * 19
    assert verdicts[19:] == [Verdict.HUNG] * 6
    watch.heard(progress=True)
    assert [watch.tick(watched(), loading=True) for _ in range(8)] == [
        *[Verdict.ASK] * 7,
        Verdict.HUNG,
    ]
    watch.begin()
    deaf = watched(cancelled=True)
    assert [watch.tick(deaf, loading=False) for _ in range(3)] == [
        Verdict.ASK,
        Verdict.ASK,
        Verdict.DEAF,
    ]


def test_idle_time_is_counted_anew_after_each_request() -> None:
    watch = Watch(Limits(idle=lambda: 6 * TICK_SECONDS))
    for _ in range(3):
        assert [watch.tick([], loading=False) for _ in range(5)] == [Verdict.FINE] * 5
        watch.tick(watched(), loading=False)
    last = [watch.tick([], loading=False) for _ in range(6)]
    assert last == [*[Verdict.FINE] * 5, Verdict.UNUSED]


# 9. More memory asked than there is; the rest of it is in `test_scarce_memory`.


def test_a_file_of_ten_times_the_memory_is_refused_before_native_code_sees_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "huge.gguf"
    size = 10 * memory().total
    width, rows = 4096, size // 4096 // 4 // 32 * 32
    tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(4096)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(width)
    writer.add_head_count(32)
    writer.add_head_count_kv(32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    for name in ("token_embd.weight", "output_norm.weight"):
        shape = (rows, width) if "embd" in name else (width,)
        count = 4 * rows * width if "embd" in name else 4 * width
        writer.add_tensor_info(name, shape, gguf.np.dtype("float32"), count)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size // 32 * 32 + 64 + 4 * rows * width + 4 * width)
    huge = InstalledModel("huge", "Huge", path, path.stat().st_size)
    with pytest.raises(OutOfMemory, match="Huge needs"):
        plan_for(huge, Settings())

    paths = paths_under(tmp_path / "home")
    paths.create()
    engine = Engine(lambda chosen: plan_for(chosen, Settings()), paths)
    room = Room(engine)
    engine.watch(room.notice)
    try:
        engine.choose(huge)
        assert isinstance(room.until(Phase.FAILED).error, OutOfMemory)
        assert engine.engine_pid() is None
    finally:
        engine.close()


@linux
def test_the_engine_is_the_first_to_go_when_memory_runs_out(tmp_path: Path, llama: Path) -> None:
    def score(pid: int | str | None) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii"))

    with engine_room(tmp_path / "home", llama) as room:
        room.until(Phase.READY)
        assert score(room.engine.engine_pid()) == 800
        assert score("self") < 800


# 27. A hostile engine process.


@pytest.mark.parametrize(
    "frame",
    [
        "raw(pickle.dumps(Payload()))",
        "w.write(b'\\xff\\xff\\xff\\xff' + b'x' * 100)",
        "raw(b'\\x82\\xa4type\\xa5Delta\\xa4text\\xa2\\xff\\xfe')",
        "raw(b'\\x93' * 1_000_000)",
    ],
)
def test_an_engine_that_speaks_nonsense_costs_the_answer_and_nothing_it_says_is_run(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, frame: str
) -> None:
    marker = tmp_path / "run"
    play(
        monkeypatch,
        f"""
        import pickle
        class Payload:
            def __reduce__(self):
                return (open, ({str(marker)!r}, "w"))
        ready(CPU)
        load()
        loaded()
        request = serve()
        out(Delta(id=request.id, text="Yes", thinking=False))
        {frame}
        w.flush()
        wait_for_ever()
        """,
    )
    with engine_room(tmp_path / "home", model) as room:
        answer = room.ask(question("Hello")).wait()
        assert answer.text == "Yes"
        assert str(answer.failed.error.title) == "The engine failed and was ended"
    assert not marker.exists()


def test_a_million_events_for_nobody_fill_no_memory_and_hide_no_answer(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(
        monkeypatch,
        """
        ready(CPU)
        load()
        loaded()
        request = serve()
        tiny = frame(Delta(id=request.id + 1, text="x", thinking=False))
        for _ in range(1000):
            w.write(tiny * 1000)
        out(Waiting(id=99, place=1), Done(99, "stop", 1, 0, 1, 1.0, 1.0, 1.0))
        out(Embedded(id=request.id, vectors=[b"abcd"], prompt_tokens=1), Loaded(
            description="", architecture="", parameters=1, weights=1, n_ctx=1, n_ctx_train=1,
            devices=[], has_template=True, load_ms=1.0), Ready(devices=[]),
            LoadFailed(kind="memory", detail=""), LoadProgress(fraction=9.0))
        out(Delta(id=request.id, text="Yes.", thinking=False))
        done(request.id)
        serve()
        """,
    )
    with engine_room(tmp_path / "home", model) as room:
        room.until(Phase.READY)
        before = psutil.Process().memory_info().rss
        peak = 0
        states = len(room.states)
        answer = room.ask(question("Hello"))
        while not answer.ended.wait(0.05):
            peak = max(peak, psutil.Process().memory_info().rss)
        assert answer.text == "Yes."
        assert len(room.states) == states
    assert peak - before < 50_000_000


# 28. The thread that starts processes.


@linux
def test_a_process_dies_with_the_thread_that_started_it(tmp_path: Path) -> None:
    # Why the worker thread must live as long as its processes.
    died = threading.Event()
    started: list[EngineProcess] = []

    def on_death(_process: EngineProcess, _death: Death) -> None:
        died.set()

    ready, leave = threading.Event(), threading.Event()

    def start() -> None:
        started.append(EngineProcess(tmp_path, lambda _process, _report: ready.set(), on_death))
        assert leave.wait(30)

    thread = threading.Thread(target=start)
    thread.start()
    assert ready.wait(30)
    assert not died.is_set()
    leave.set()
    thread.join()
    assert died.wait(30)
    started[0].close()


def test_a_listener_or_observer_that_fails_costs_no_process(tmp_path: Path, llama: Path) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        room.until(Phase.READY)
        pid = room.engine.engine_pid()

        def fails(_value: object) -> None:
            raise ZeroDivisionError

        room.engine.ask(question("Hello"), fails)
        answer = room.ask(question("Hello")).wait()
        assert answer.finished.reason is StopReason.LENGTH
        room.engine.watch(fails)
        assert room.ask(question("Hello")).wait().text
        assert room.engine.engine_pid() == pid


def test_the_last_event_of_every_request_is_an_end(tmp_path: Path, llama: Path) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        answers = [room.ask(question("Hello", LONG)) for _ in range(6)]
        room.until(Phase.READY)
        os.kill(room.pid, signal.SIGSEGV)
        for answer in answers:
            ends = [e for e in answer.wait().events if isinstance(e, Finished | Failed)]
            assert ends == [answer.events[-1]]


def test_an_engine_that_dies_before_it_sees_a_model_is_started_once_more_and_no_model_blamed(
    tmp_path: Path, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "os.kill(os.getpid(), signal.SIGSEGV)")
    home = tmp_path / "home"
    with engine_room(home, llama) as room:
        state = room.until(Phase.FAILED)
        assert str(state.error) == "The engine crashed"
        assert not state.crashes_here
        as_usual(monkeypatch)
        assert room.ask(question("Hello")).wait().text
        assert room.engine.state.reduced is None
