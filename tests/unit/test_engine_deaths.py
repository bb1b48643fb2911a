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
from desktop.backends.ladder import Cause, cause_of, safer_plan
from desktop.backends.process import Death, EngineProcess
from desktop.domain.chat import Event, Sampling, StopReason, TextDelta
from desktop.domain.engine import Phase
from desktop.domain.errors import EngineDied
from desktop.domain.model import Device, DeviceKind, LoadPlan
from desktop.inference.messages import Report
from tests import gguf_files
from tests.unit.engine_room import Answer, engine_room, question

LONG = Sampling(temperature=0, max_tokens=1500)
PLAN = LoadPlan(path=Path("model.gguf"))
CPU = Device("CPU", "a processor", "CPU", DeviceKind.CPU, 0, 0)
CUDA = Device("CUDA0", "a card", "CUDA", DeviceKind.GPU, 0, 0)
VULKAN = Device("Vulkan0", "the same card", "Vulkan", DeviceKind.GPU, 0, 0)


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
    monkeypatch.setattr("desktop.backends.watch.TICK_SECONDS", 0.05)
    monkeypatch.setattr("desktop.backends.watch.SILENCE_SECONDS", 2.5)
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
    monkeypatch.setattr("desktop.backends.watch.TICK_SECONDS", 0.05)
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
    assert cause_of(death) is Cause.NONSENSE
    assert "memory" not in str(explain.explain_death(cause_of(death)).title)
    assert safer_plan(PLAN, Cause.NONSENSE, loading=True, devices=[CPU, CUDA]) is None


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
        (-signal.SIGBUS, "", {"extra_buffers": False}),
        (0xC0000005, "", {"extra_buffers": False}),
        (0xC000001D, "", {"extra_buffers": False}),
        (0xC00000FD, "", {"extra_buffers": False}),
        (-signal.SIGABRT, "", {"n_gpu_layers": 0}),
        (3, "", {"n_gpu_layers": 0}),
        (0xC0000409, "GGML_ASSERT(ok)", {"n_gpu_layers": 0}),
        (-signal.SIGKILL, "", {"n_ctx": 4096}),
        (-signal.SIGSEGV, "vk::DeviceLostError", {"n_gpu_layers": 0}),
        (1, "CUDA error: out of memory", {"n_gpu_layers": 0}),
    ],
)
def test_each_death_has_its_safer_plan(
    code: int, stderr: str, gives_up: dict[str, int | bool]
) -> None:
    cause = cause_of(Death(code, "load", stderr))
    safer = safer_plan(PLAN, cause, loading=True, devices=[CPU, CUDA])
    assert safer is not None
    assert safer[0] == replace(PLAN, **gives_up)  # type: ignore[arg-type]


def ladder(plan: LoadPlan, cause: Cause, devices: list[Device], offloaded: int) -> list[LoadPlan]:
    plans: list[LoadPlan] = []
    while (
        safer := safer_plan(plan, cause, loading=True, offloaded=offloaded, devices=devices)
    ) is not None:
        plan = safer[0]
        plans.append(plan)
    return plans


def test_the_ladder_gives_up_one_thing_at_a_time_and_ends() -> None:
    plans = ladder(PLAN, Cause.CRASH, [CUDA, VULKAN, CPU], offloaded=33)
    steps = [(p.extra_buffers, p.n_gpu_layers, p.devices, p.n_ctx) for p in plans]
    assert steps == [
        (False, -1, (), 0),
        (False, 16, (), 0),
        (False, 8, (), 0),
        (False, 4, (), 0),
        (False, 4, ("Vulkan0",), 0),
        (False, 0, (), 0),
        (False, 0, (), 4096),
        (False, 0, (), 2048),
        (False, 0, (), 1024),
    ]


def test_a_driver_that_fails_is_left_for_the_next_library_at_once() -> None:
    plans = ladder(PLAN, Cause.DRIVER, [CUDA, VULKAN, CPU], offloaded=33)
    assert [(p.devices, p.n_gpu_layers) for p in plans[:2]] == [(("Vulkan0",), -1), ((), 0)]
    said = safer_plan(PLAN, Cause.DRIVER, loading=False, devices=[CUDA, VULKAN])
    assert said is not None
    assert str(said[1]) == "The graphics driver failed, so the model now runs with Vulkan."


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("devices", [[CPU], [CPU, CUDA], [CUDA, VULKAN], []])
def test_every_ladder_ends_and_says_each_step(cause: Cause, devices: list[Device]) -> None:
    plans = ladder(PLAN, cause, devices, offloaded=100)
    assert len(set(plans)) == len(plans) < 15


def test_memory_that_runs_out_while_loading_halves_the_context() -> None:
    safer = safer_plan(PLAN, Cause.MEMORY, loading=True)
    assert safer is not None
    assert safer[0].n_ctx == 4096
    assert safer_plan(replace(PLAN, n_ctx=1024), Cause.MEMORY, loading=True) is None
    assert safer_plan(PLAN, Cause.MEMORY, loading=False) is None


@pytest.mark.parametrize("code", [-9, -11, -4, -6, 3, 1, 0xC0000005, 0xC0000409])
def test_each_death_is_explained_in_words(code: int) -> None:
    error = explain.explain_death(cause_of(Death(code, "decode", "")))
    assert str(error.title).startswith("The engine")
    assert "kept" in str(error.hint)


@pytest.mark.parametrize("cause", list(Cause))
def test_a_model_that_crashes_here_is_said_to_and_the_way_out_is_offered(cause: Cause) -> None:
    error = explain.explain_crashing_model(cause)
    assert "here" in str(error.title)
    assert "again anyway" in str(error.hint)
