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
from desktop.domain.model import Device, DeviceKind, KvType, LoadPlan
from desktop.inference.messages import LoadFailed, Report
from tests import gguf_files
from tests.unit.engine_room import Answer, engine_room, question
from tests.unit.engine_stubs import instead

LONG = Sampling(temperature=0, max_tokens=1500)
PLAN = LoadPlan(path=Path("model.gguf"))
CPU = Device("CPU", "a processor", "CPU", DeviceKind.CPU, 0, 0)
CUDA = Device("CUDA0", "a card", "CUDA", DeviceKind.GPU, 0, 0)
CARD = {"n_gpu_layers": 0}
VULKAN = Device("Vulkan0", "the same card", "Vulkan", DeviceKind.GPU, 0, 0)


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    return gguf_files.write_llama(tmp_path / "tiny.gguf")


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_a_kill_in_mid_answer_keeps_the_text_and_the_next_question_is_answered(
    tmp_path: Path, llama: Path
) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        killed = threading.Event()

        def strike(event: Event) -> None:
            if isinstance(event, TextDelta) and not killed.is_set():
                killed.set()
                kill(room.pid)

        broken = room.ask(question("Hello", LONG), strike).wait()
        assert isinstance(broken.failed.error, EngineDied)
        assert broken.text
        assert "memory" in str(broken.failed.error.title)
        assert room.ask(question("Hello")).wait().text


def test_a_kill_while_idle_is_noticed_and_costs_nothing(tmp_path: Path, llama: Path) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        room.until(Phase.READY)
        kill(room.pid)
        room.until(Phase.IDLE)
        assert room.ask(question("Hello")).wait().text


def test_a_kill_before_the_first_word_is_made_good_without_a_word(
    tmp_path: Path, llama: Path
) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        # A stopped process cannot speak, so the question is certainly unanswered when it dies.
        pid = room.stand_still()
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
        pid = room.stand_still()
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
        room.stand_still()
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
    gone, alive = psutil.wait_procs([engine], timeout=10)
    assert (len(gone), alive) == (1, [])


def run_stub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> tuple[list[Report], Death]:
    """Run `code` in the engine's place; return its reports and its death."""
    instead(monkeypatch, code)
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
    assert cause_of(death) is Cause.NONSENSE, (
        "the system did not kill it, so memory is not to blame"
    )


def test_a_child_that_ends_by_itself_is_known_by_its_own_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, time; os.close(1); time.sleep(0.2); os._exit(5)"
    _reports, death = run_stub(tmp_path, monkeypatch, code)
    assert death.code == 5


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("MemoryError", Cause.NO_MEMORY), ("ZeroDivisionError", Cause.UNKNOWN)],
)
@pytest.mark.parametrize("place", ["host.read_command", "host.Runtime"])
def test_a_failure_in_any_thread_of_the_engine_ends_it_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, fault: str, cause: Cause
) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from desktop.inference import host\n"
        f"def fail(*_given): raise {fault}\n"
        f"{place} = fail\n"
        "host.main(int(sys.argv[2]))"
    )
    _reports, death = run_stub(tmp_path, monkeypatch, code)
    assert death.code == 1
    assert cause_of(death) is cause


@pytest.mark.parametrize(
    ("code", "step", "stderr", "cause"),
    [
        (1, "start", "", Cause.NO_MEMORY),
        (1, "start", "KeyError", Cause.UNKNOWN),
        (1, "load", "", Cause.UNKNOWN),
        (2, "start", "", Cause.UNKNOWN),
    ],
)
def test_python_that_cannot_even_say_why_it_does_not_start_has_no_memory(
    code: int, step: str, stderr: str, cause: Cause
) -> None:
    assert cause_of(Death(code, step, stderr)) is cause


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ("libx.so: failed to map segment from shared object", "memory"),
        ("libx.so: failed to map segment from shared object: Operation not permitted", "parts"),
        ("Failed to load shared library libx.so: invalid ELF header", "parts"),
    ],
)
@pytest.mark.parametrize("raised", ["OSError", "RuntimeError"])
def test_libraries_that_get_no_memory_are_told_from_those_that_are_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: str, refusal: str, kind: str
) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from desktop.inference import bindings, host\n"
        f"def fail(*_given): raise {raised}({refusal!r})\n"
        "bindings.register_backends = fail\n"
        "host.main(int(sys.argv[2]))"
    )
    reports, death = run_stub(tmp_path, monkeypatch, code)
    if kind == "memory":
        assert cause_of(death) is Cause.NO_MEMORY
    else:
        (report,) = reports
        assert isinstance(report, LoadFailed)
        assert report.kind == "backends"


def test_a_child_that_floods_us_fills_no_memory_and_delays_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys, struct; w = sys.stdout.buffer\n"
        "b = b'\\x82\\xa4type\\xa4Pong\\xa2id\\x01'\n"
        "while True: w.write(struct.pack('>I', len(b)) + b)"
    )
    instead(monkeypatch, code)
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
        (-signal.SIGABRT, "what():  vk::Device::allocateMemory: ErrorOutOfDeviceMemory", CARD),
        (-signal.SIGABRT, "terminate called after throwing 'std::bad_alloc'", {"n_ctx": 4096}),
        (-signal.SIGABRT, "insufficient memory\nGGML_ASSERT(ctx->mem_buffer)", {"n_ctx": 4096}),
        (1, "Traceback\nMemoryError\n", {"n_ctx": 4096}),
        (1, "libgomp: Thread creation failed: Resource", {"n_ctx": 4096}),
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


def test_without_memory_a_chat_keeps_its_length_as_long_as_smaller_numbers_help() -> None:
    plan = replace(PLAN, n_ctx=32_768, can_shrink_cache=True)
    plans = ladder(plan, Cause.NO_MEMORY, [CPU], offloaded=0)

    assert [(each.n_ctx, each.kv_type.value) for each in plans] == [
        (16_384, "f16"),
        (8192, "f16"),
        (4096, "f16"),
        (4096, "q8_0"),
        (2048, "q8_0"),
        (1024, "q8_0"),
    ]
    said = [
        safer_plan(before, Cause.NO_MEMORY, loading=True, devices=[CPU])
        for before in (plan, plans[2], plans[3])
    ]
    assert [str(step[1]) for step in said if step is not None] == [
        f"Memory ran out while loading, so {what}."
        for what in (
            "the model now sees 16,384 tokens at once",
            "what the model keeps of the chat now takes half the space",
            "the model now sees 2,048 tokens at once, kept in half the space",
        )
    ]


@pytest.mark.parametrize("kv_type", [KvType.Q8_0, KvType.Q4_0])
def test_a_cache_of_small_numbers_is_only_shortened(kv_type: KvType) -> None:
    plan = replace(PLAN, n_ctx=4096, can_shrink_cache=True, kv_type=kv_type)
    plans = ladder(plan, Cause.MEMORY, [CPU], offloaded=0)

    assert {each.kv_type for each in plans} == {kv_type}


def test_a_driver_that_fails_is_left_for_the_next_library_at_once() -> None:
    plans = ladder(PLAN, Cause.DRIVER, [CUDA, VULKAN, CPU], offloaded=33)
    assert [(p.devices, p.n_gpu_layers) for p in plans[:2]] == [(("Vulkan0",), -1), ((), 0)]
    said = safer_plan(PLAN, Cause.DRIVER, loading=False, devices=[CUDA, VULKAN])
    assert said is not None
    assert str(said[1]) == "The graphics driver failed, so the model now runs with Vulkan."


def test_a_card_that_runs_out_of_memory_gets_less_and_no_other_library_is_tried() -> None:
    plans = ladder(replace(PLAN, layers=33), Cause.CARD_MEMORY, [CUDA, VULKAN, CPU], offloaded=0)
    assert [(p.n_gpu_layers, p.n_ctx) for p in plans] == [
        *((16, 0), (8, 0), (4, 0), (0, 0)),
        *((0, 4096), (0, 2048), (0, 1024)),
    ]
    said = safer_plan(PLAN, Cause.CARD_MEMORY, loading=False, offloaded=33, devices=[CUDA])
    assert said is not None
    told = "The graphics card ran out of memory, so less of the model now runs on it."
    assert str(said[1]) == told


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


def test_half_of_an_automatic_context_is_half_of_what_it_comes_to() -> None:
    safer = safer_plan(replace(PLAN, auto_context=2048), Cause.MEMORY, loading=True)
    assert safer is not None
    assert safer[0].n_ctx == 1024


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
