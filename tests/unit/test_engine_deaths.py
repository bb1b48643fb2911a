"""Engine processes that die, hang, or lie; on real processes."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from desktop.backends import explain
from desktop.backends.process import Death, EngineProcess
from desktop.domain.chat import Event, Sampling, StopReason, TextDelta
from desktop.domain.engine import Phase
from desktop.domain.errors import EngineDied
from desktop.domain.model import LoadPlan
from desktop.inference.messages import Report
from tests import gguf_files
from tests.unit.engine_room import Answer, engine_room, question

LONG = Sampling(temperature=0, max_tokens=1500)
PLAN = LoadPlan(path=Path("model.gguf"))


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    return gguf_files.write_llama(tmp_path / "tiny.gguf")


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_a_kill_in_mid_answer_keeps_the_text_and_the_next_question_is_answered(
    tmp_path: Path, llama: Path
) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        killed = threading.Event()

        def strike(event: Event) -> None:
            if isinstance(event, TextDelta) and not killed.is_set():
                killed.set()
                kill(room.engine.engine_pid())

        broken = room.ask(question("Hello", LONG), strike).wait()
        assert isinstance(broken.failed.error, EngineDied)
        assert broken.text
        assert "memory" in str(broken.failed.error.title)
        assert room.ask(question("Hello")).wait().text


def test_a_kill_while_idle_is_noticed_and_costs_nothing(tmp_path: Path, llama: Path) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        room.until(Phase.READY)
        kill(room.engine.engine_pid())
        room.until(Phase.IDLE)
        assert room.ask(question("Hello")).wait().text


def test_a_kill_before_the_first_word_is_made_good_without_a_word(
    tmp_path: Path, llama: Path
) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        room.until(Phase.READY)
        pid = room.engine.engine_pid()
        assert pid is not None
        # A stopped process cannot speak, so the question is certainly unanswered when it dies.
        os.kill(pid, signal.SIGSTOP)
        answer = room.ask(question("Hello"))
        kill(pid)
        assert answer.wait().finished.usage.completion_tokens > 0


def test_a_file_that_kills_the_engine_at_every_try_is_given_up(tmp_path: Path, llama: Path) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        room.until(Phase.READY)

        def strike(event: Event) -> None:
            if isinstance(event, TextDelta):
                pid = room.engine.engine_pid()
                if pid is not None and psutil.pid_exists(pid):
                    os.kill(pid, signal.SIGSEGV)

        first = room.ask(question("Hello", LONG), strike).wait()
        assert isinstance(first.failed.error, EngineDied)
        state = room.until_state(lambda state: state.notice is not None)
        assert state.loaded is not None
        assert not state.loaded.plan.extra_buffers
        second = room.ask(question("Hello", LONG), strike).wait()
        assert isinstance(second.failed.error, EngineDied)
        assert room.until(Phase.FAILED).error is not None


def test_an_engine_that_hangs_is_ended(
    tmp_path: Path, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.llama._TICK_SECONDS", 0.05)
    with engine_room(tmp_path / "home", llama) as room:
        room.until(Phase.READY)
        stopped = threading.Event()

        def hang(event: Event) -> None:
            pid = room.engine.engine_pid()
            if isinstance(event, TextDelta) and not stopped.is_set() and pid is not None:
                stopped.set()
                os.kill(pid, signal.SIGSTOP)

        answer = room.ask(question("Hello", LONG), hang).wait()
        assert str(answer.failed.error.title) == "The engine stopped responding"
        assert room.ask(question("Hello")).wait().text


def test_a_stopped_answer_stays_stopped_when_the_engine_dies_before_it_obeys(
    tmp_path: Path, llama: Path
) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        room.until(Phase.READY)
        pid = room.engine.engine_pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        answer = Answer()
        number = room.engine.ask(question("Hello"), answer.take)
        room.engine.cancel(number)
        kill(pid)
        assert answer.wait().finished.reason is StopReason.STOPPED


def test_an_engine_that_ignores_a_stop_is_ended(
    tmp_path: Path, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.llama._TICK_SECONDS", 0.05)
    monkeypatch.setattr("desktop.backends.llama._SILENT_TICKS", 10_000)
    with engine_room(tmp_path / "home", llama) as room:
        room.until(Phase.READY)
        pid = room.engine.engine_pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        answer = Answer()
        room.engine.cancel(room.engine.ask(question("Hello"), answer.take))
        assert answer.wait().finished.reason is StopReason.STOPPED
        assert room.ask(question("Hello")).wait().text


def test_the_engine_dies_with_its_parent(tmp_path: Path, llama: Path) -> None:
    script = f"""
import sys, threading
from pathlib import Path
from tests.unit.engine_room import Answer, engine_room, question
from desktop.domain.engine import Phase
with engine_room(Path({str(tmp_path / "home")!r}), Path({str(llama)!r})) as room:
    room.until(Phase.READY)
    print(room.engine.engine_pid(), flush=True)
    threading.Event().wait()
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        engine = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
    gone, alive = psutil.wait_procs([engine], timeout=2)
    assert (len(gone), alive) == (1, [])


def run_stub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> tuple[list[Report], Death]:
    """Run `code` in the engine's place; return its reports and its death."""
    monkeypatch.setattr("desktop.backends.process._START", code)
    reports: list[Report] = []
    deaths: list[Death] = []
    died = threading.Event()

    def on_death(_process: EngineProcess, death: Death) -> None:
        deaths.append(death)
        died.set()

    process = EngineProcess(tmp_path, lambda _process, report: reports.append(report), on_death)
    try:
        assert died.wait(30)
    finally:
        process.close()
    return reports, deaths[0]


@pytest.mark.parametrize(
    "frame",
    [
        "import pickle, os; b = pickle.dumps({'a': 1}); out(b)",
        "w.write(b'\\xff\\xff\\xff\\xff' + b'x' * 100)",
        "out(b'\\x81\\xa4type\\xa5\\xff\\xfe\\xfd\\xfc\\xfb')",
        "out(b'\\x82\\xa4type\\xa4Pong\\xa2id\\xa3abc')",
        "out(b'\\x82\\xa4type\\xa7Unknown\\xa2id\\x01')",
        "out(b'\\x82\\xa4type\\xa4Pong\\xa2no' + b'\\x91' * 100000 + b'\\x01')",
    ],
)
def test_a_child_that_speaks_nonsense_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frame: str
) -> None:
    code = (
        "import sys, struct, time; w = sys.stdout.buffer\n"
        "def out(b): w.write(struct.pack('>I', len(b)) + b)\n"
        f"{frame}\nw.flush()\ntime.sleep(60)"
    )
    reports, death = run_stub(tmp_path, monkeypatch, code)
    assert reports == []
    assert death.code == -signal.SIGKILL
    assert death.nonsense
    assert "memory" not in str(explain.explain_death(death).title)
    assert explain.safer_plan(PLAN, replace(death, step="load"), n_ctx=0, has_gpu=True) is None


def test_a_child_that_closes_its_mouth_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, time; os.close(1); time.sleep(60)"
    _reports, death = run_stub(tmp_path, monkeypatch, code)
    assert death.code == -signal.SIGKILL


def test_a_child_that_floods_us_fills_no_memory_and_delays_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys, struct; w = sys.stdout.buffer\n"
        "b = b'\\x82\\xa4type\\xa4Pong\\xa2id\\x01'\n"
        "while True: w.write(struct.pack('>I', len(b)) + b)"
    )
    monkeypatch.setattr("desktop.backends.process._START", code)
    taken: list[Report] = []
    full = threading.Event()

    def take(_process: EngineProcess, report: Report) -> None:
        taken.append(report)
        if len(taken) >= 1024:
            full.set()

    process = EngineProcess(tmp_path, take, lambda _process, _death: None)
    assert full.wait(30)
    process.close()
    assert len(taken) == 1024
    assert not psutil.pid_exists(process.pid)
    assert list(tmp_path.iterdir()) == []


def test_the_last_words_and_the_last_step_of_a_child_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys, struct; w = sys.stdout.buffer\n"
        "b = b'\\x82\\xa4type\\xa4Step\\xa4name\\xa4load'\n"
        "w.write(struct.pack('>I', len(b)) + b); w.flush()\n"
        "sys.stderr.write('x' * 20000 + 'vk::DeviceLostError'); sys.exit(3)"
    )
    _reports, death = run_stub(tmp_path, monkeypatch, code)
    assert (death.code, death.step) == (3, "load")
    assert death.stderr.endswith("vk::DeviceLostError")
    assert len(death.stderr) <= 8 * 1024


def test_a_child_gets_no_secret_and_no_display(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    code = "import os, sys; sys.stderr.write(' '.join(sorted(os.environ)) + '|' + os.getcwd())"
    _reports, death = run_stub(tmp_path, monkeypatch, code)
    names, folder = death.stderr.split("|")
    assert not {"HF_TOKEN", "DISPLAY", "PYTHONPATH"} & set(names.split())
    assert {"PATH", "GGML_NO_BACKTRACE"} <= set(names.split())
    assert Path(folder).parent == tmp_path
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("code", "stderr", "gives_up"),
    [
        (-signal.SIGSEGV, "", {"extra_buffers": False}),
        (-signal.SIGILL, "", {"extra_buffers": False}),
        (0xC0000005, "", {"extra_buffers": False}),
        (-signal.SIGABRT, "", {"n_gpu_layers": 0}),
        (-signal.SIGSEGV, "vk::DeviceLostError", {"n_gpu_layers": 0}),
        (1, "CUDA error: out of memory", {"n_gpu_layers": 0}),
    ],
)
def test_each_death_has_its_safer_plan(
    code: int, stderr: str, gives_up: dict[str, int | bool]
) -> None:
    safer = explain.safer_plan(PLAN, Death(code, "decode", stderr), n_ctx=0, has_gpu=True)
    assert safer is not None
    assert safer[0] == replace(PLAN, **gives_up)  # type: ignore[arg-type]


def test_the_ladder_ends() -> None:
    plan, steps = PLAN, 0
    while (
        safer := explain.safer_plan(
            plan, Death(-signal.SIGSEGV, "decode", ""), n_ctx=0, has_gpu=True
        )
    ) is not None:
        plan, steps = safer[0], steps + 1
    assert steps == 2
    assert (plan.extra_buffers, plan.n_gpu_layers) == (False, 0)


def test_memory_that_runs_out_while_loading_halves_the_context() -> None:
    death = Death(-signal.SIGKILL, "load", "")
    safer = explain.safer_plan(PLAN, death, n_ctx=0, has_gpu=False)
    assert safer is not None
    assert safer[0].n_ctx == 4096
    assert explain.safer_plan(replace(PLAN, n_ctx=1024), death, n_ctx=0, has_gpu=False) is None


@pytest.mark.parametrize("code", [-9, -11, -4, -6, 3, 1, 0xC0000005, 0xC0000409])
def test_each_death_is_explained_in_words(code: int) -> None:
    error = explain.explain_death(Death(code, "decode", ""))
    assert str(error.title).startswith("The engine")
    assert "kept" in str(error.hint)
