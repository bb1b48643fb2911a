"""What crashes teach about a model: the safer plan, kept, told, and undone."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from desktop.backends.ladder import Cause, safer_plan
from desktop.backends.learned import Learned, Lesson
from desktop.domain.chat import Event, Notice, Sampling, TextDelta
from desktop.domain.engine import Phase
from desktop.domain.errors import EngineDied
from desktop.domain.model import KvType, LoadPlan
from desktop.domain.text import Text
from tests import gguf_files
from tests.harness.side_by_side import side_by_side
from tests.unit.engine_room import Room, engine_room, model_at, question
from tests.unit.engine_stubs import noted, play, stub

LONG = Sampling(temperature=0, max_tokens=1500)
TOLD = Text("The model now sees {tokens} tokens at once.", {"tokens": 2048})


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    return gguf_files.write_llama(tmp_path / "tiny.gguf")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "learned"


# The store.


def lesson(path: Path) -> Lesson:
    plan = LoadPlan(path)
    return Lesson(cause=Cause.MEMORY, deaths=1).with_change(plan, replace(plan, n_ctx=2048), TOLD)


def test_a_lesson_outlives_lapis(folder: Path, model: Path) -> None:
    Learned(folder).remember(model, lesson(model))
    kept = Learned(folder).recall(model)
    assert kept.applied(LoadPlan(model)) == LoadPlan(model, n_ctx=2048)
    assert kept.told == TOLD
    assert (kept.cause, kept.deaths) == (Cause.MEMORY, 1)
    assert kept.date


def test_heads_that_were_given_up_are_not_tried_again(folder: Path, model: Path) -> None:
    wished = LoadPlan(model, next_token_heads=True, rollback=3)
    step = safer_plan(wished, Cause.ABORT, loading=True)
    assert step is not None
    safer, told = step
    learned = Lesson(cause=Cause.ABORT, deaths=1).with_change(wished, safer, told)
    Learned(folder).remember(model, learned)

    assert safer == LoadPlan(model)
    assert Learned(folder).recall(model).applied(wished) == safer


def test_smaller_numbers_in_the_cache_are_kept_where_they_are_possible(
    folder: Path, model: Path
) -> None:
    wished = LoadPlan(model, n_ctx=4096, can_shrink_cache=True)
    step = safer_plan(wished, Cause.MEMORY, loading=True)
    assert step is not None
    Learned(folder).remember(model, Lesson().with_change(wished, *step))
    kept = Learned(folder).recall(model)

    assert kept.applied(wished) == replace(wished, kv_type=KvType.Q8_0)
    smaller = replace(wished, kv_type=KvType.Q4_0)
    assert kept.applied(smaller) == smaller
    narrow = replace(wished, can_shrink_cache=False)
    assert kept.applied(narrow) == narrow


def test_a_lesson_is_void_for_another_file_in_the_same_place(folder: Path, model: Path) -> None:
    learned = Learned(folder)
    learned.remember(model, lesson(model))
    os.utime(model, ns=(1, 1))
    assert learned.recall(model) == Lesson()
    learned.remember(model, lesson(model))
    model.write_bytes(b"other weights")
    os.utime(model, ns=(1, 1))
    assert learned.recall(model) == Lesson()


def test_a_lesson_is_void_for_another_version_of_the_engine(
    folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = Learned(folder)
    learned.remember(model, lesson(model))
    monkeypatch.setattr("desktop.backends.learned.bindings_version", lambda: "99")
    assert learned.recall(model) == Lesson()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b"{",
        b'{"x": {"size": 1}}',
        b"[" * 100_000,
        b'{"x": {"size": 1, "changed": 1, "engine": "", "lesson": {"n_ctx": -5}}}',
        b" " * 2_000_000,
    ],
)
def test_a_damaged_file_of_lessons_is_passed_over_and_written_anew(
    folder: Path, model: Path, content: bytes
) -> None:
    folder.mkdir()
    (folder / "lessons.json").write_bytes(content)
    learned = Learned(folder)
    assert learned.recall(model) == Lesson()
    learned.remember(model, lesson(model))
    assert Learned(folder).recall(model).deaths == 1


def test_only_so_many_lessons_are_kept_and_the_oldest_go(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.learned._MOST_LESSONS", 20)
    learned = Learned(folder)
    models = [tmp_path / f"{n}.gguf" for n in range(25)]
    for model in models:
        learned.remember(model, Lesson(deaths=1))
    kept = [learned.recall(model).deaths for model in models]
    assert kept == [0] * 5 + [1] * 20


def test_several_lapis_that_learn_at_one_moment_keep_all_of_it(folder: Path) -> None:
    folder.mkdir()
    imports = """
from pathlib import Path
from desktop.backends import learned as kept
from desktop.backends.learned import Learned, Lesson
kept._PATIENCE_SECONDS = 60
learned = Learned(Path(sys.argv[1]))
"""
    work = """
for step in range(5):
    learned.remember(Path(f"/m/{sys.argv[2]}-{step}.gguf"), Lesson(deaths=1))
"""
    side_by_side(imports, work, 4, str(folder))

    learned = Learned(folder)
    models = [Path(f"/m/{number}-{step}.gguf") for number in range(4) for step in range(5)]
    assert [learned.recall(model).deaths for model in models] == [1] * 20


def test_a_model_whose_name_is_no_text_has_its_lesson(folder: Path, tmp_path: Path) -> None:
    model = tmp_path / os.fsdecode(b"m\xff\xfe.gguf")
    model.write_bytes(b"weights")
    Learned(folder).remember(model, lesson(model))
    assert Learned(folder).recall(model).deaths == 1


def test_where_the_disk_refuses_the_same_run_knows(tmp_path: Path, model: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    learned = Learned(blocked)
    learned.loading(model)
    learned.remember(model, lesson(model))
    assert learned.recall(model).deaths == 1
    learned.settled()


def test_more_modest_wishes_stay_below_a_lesson(model: Path) -> None:
    known = Lesson(n_ctx=4096, n_gpu_layers=8, extra_buffers=False, devices=("Vulkan0",))
    wished = LoadPlan(model, n_ctx=2048, n_gpu_layers=4, tensor_split=(1.0, 2.0))
    plan = known.applied(wished)
    assert (plan.n_ctx, plan.n_gpu_layers, plan.extra_buffers) == (2048, 4, False)
    assert (plan.devices, plan.tensor_split) == (("Vulkan0",), ())
    assert known.applied(LoadPlan(model)).n_gpu_layers == 8


def test_the_load_that_killed_lapis_is_known_once_and_a_living_one_is_left_alone(
    folder: Path, model: Path
) -> None:
    Learned(folder).loading(model)
    assert Learned(folder).take_casualties() == []
    dead = next(folder.glob("loading-*.json"))
    # The same process id, but the process that has it now was born later.
    born = int(psutil.Process().create_time())
    dead.rename(folder / dead.name.replace(str(born), str(born - 1000)))
    (folder / "loading-1-1-a.json").write_bytes(b"damaged")
    learned = Learned(folder)
    assert learned.take_casualties() == [model]
    assert learned.take_casualties() == []
    assert list(folder.iterdir()) == []


# The engine.


def strike(room: Room, event: Event, how: int = signal.SIGSEGV) -> None:
    pid = room.engine.engine_pid()
    if isinstance(event, TextDelta) and pid is not None and psutil.pid_exists(pid):
        os.kill(pid, how)


def crash_once(room: Room) -> None:
    room.ask(question("Hello", LONG), lambda event: strike(room, event)).wait()


def test_a_safer_plan_holds_after_a_restart_of_lapis_until_it_is_undone(
    tmp_path: Path, llama: Path
) -> None:
    home = tmp_path / "home"
    with engine_room(home, llama) as room:
        crash_once(room)
        told = room.until_state(lambda state: state.notice is not None)
        assert told.reduced == told.notice
        room.ask(question("Hello")).wait()
    with engine_room(home, llama) as room:
        state = room.until(Phase.READY)
        assert state.loaded is not None
        assert not state.loaded.plan.extra_buffers
        assert str(state.reduced) == "The engine crashed and was restarted with a safer setting."
        assert state.notice is None, "told once"

        room.engine.use_full_settings(model_at(llama))
        undone = room.until(Phase.READY)
        assert undone.loaded is not None
        assert undone.loaded.plan.extra_buffers
        assert undone.reduced is None
    with engine_room(home, llama) as room:
        assert room.until(Phase.READY).reduced is None


def test_after_two_deaths_in_a_row_a_model_is_not_tried_again_until_somebody_wants_it(
    tmp_path: Path, llama: Path
) -> None:
    home = tmp_path / "home"
    with engine_room(home, llama) as room:
        crash_once(room)
        crash_once(room)
        assert room.until(Phase.FAILED).crashes_here
    with engine_room(home, llama) as room:
        state = room.until(Phase.FAILED)
        assert state.crashes_here
        assert isinstance(state.error, EngineDied)
        assert "crashes here" in str(state.error.title)
        assert room.engine.engine_pid() is None
        assert room.ask(question("Hello")).wait().failed.error.title == state.error.title

        room.engine.use_full_settings(model_at(llama))
        assert room.ask(question("Hello")).wait().text
        assert not room.engine.state.crashes_here
    with engine_room(home, llama) as room:
        room.until(Phase.READY)


def test_an_answer_between_two_deaths_makes_them_two_accidents(tmp_path: Path, llama: Path) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        crash_once(room)
        assert room.ask(question("Hello")).wait().text
        crash_once(room)
        assert room.ask(question("Hello")).wait().text


def test_what_was_given_up_is_told_once(tmp_path: Path, llama: Path) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        crash_once(room)
        room.until_state(lambda state: state.notice is not None)
        assert room.ask(question("Hello")).wait().text
        # A death that changes nothing, with a question on its way that is tried once more.
        pid = room.engine.engine_pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        answer = room.ask(question("Hello"))
        os.kill(pid, signal.SIGKILL)
        assert answer.wait().text
        assert not [event for event in answer.events if isinstance(event, Notice)]
        assert room.engine.state.reduced is not None


def test_another_model_is_not_blamed(tmp_path: Path, llama: Path) -> None:
    other = gguf_files.write_llama(tmp_path / "other.gguf")
    with engine_room(tmp_path / "home", llama) as room:
        crash_once(room)
        room.engine.choose(model_at(other))
        assert room.until_state(lambda state: state.phase is Phase.READY).reduced is None


DEATHS = [
    ("os.kill(os.getpid(), signal.SIGSEGV)", "", "a safer setting"),
    ("os.kill(os.getpid(), signal.SIGILL)", "", "a safer setting"),
    ("os.kill(os.getpid(), signal.SIGBUS)", "", "a safer setting"),
    ("os.kill(os.getpid(), signal.SIGABRT)", "GGML_ASSERT(x)", "a safer setting"),
    ("os.kill(os.getpid(), signal.SIGKILL)", "", "Memory ran out"),
    ("os._exit(3)", "", "a safer setting"),
    ("os._exit(1)", "CUDA error: out of memory", "graphics card ran out of memory"),
    ("os._exit(1)", "CUDA error: unspecified", "graphics driver failed"),
    ("os.kill(os.getpid(), signal.SIGABRT)", "std::bad_alloc", "Memory ran out"),
    ("os.kill(os.getpid(), signal.SIGABRT)", "vk::DeviceLostError", "graphics driver failed"),
]


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(("death", "stderr", "told"), DEATHS)
def test_a_death_while_loading_has_one_retry_and_a_second_one_ends_it(
    tmp_path: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    death: str,
    stderr: str,
    told: str,
) -> None:
    tries = tmp_path / "tries"
    gpu = "CPU, CUDA" if "graphics" in told else "CPU"
    play(
        monkeypatch,
        f"""
        ready({gpu})
        order = load()
        with open({str(tries)!r}, "a") as file:
            print(order.extra_buffers, order.n_gpu_layers, order.n_ctx, file=file)
        sys.stderr.write({stderr!r})
        sys.stderr.flush()
        {death}
        """,
    )
    home = tmp_path / "home"
    with engine_room(home, model) as room:
        assert room.until(Phase.FAILED).crashes_here
        first, second = noted(tries)
        assert first != second
    with engine_room(home, model) as room:
        state = room.until(Phase.FAILED)
        assert state.crashes_here
        assert isinstance(state.error, EngineDied)
    assert len(noted(tries)) == 2, "no crash loop at the next login"
    # Survived, the same death is told as what was given up.
    tries.unlink()
    play(
        monkeypatch,
        f"""
        ready({gpu})
        load()
        if not Path({str(tries)!r}).exists():
            Path({str(tries)!r}).touch()
            sys.stderr.write({stderr!r})
            sys.stderr.flush()
            {death}
        loaded()
        done(serve().id)
        serve()
        """,
    )
    with engine_room(tmp_path / "other home", model) as room:
        answer = room.ask(question("Hello")).wait()
        notices = [event.text for event in answer.events if isinstance(event, Notice)]
        assert [told in str(text) for text in notices] == [True]
        state = room.engine.state
        assert state.notice == state.reduced == notices[0]


def test_a_library_that_is_gone_makes_the_lesson_void(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = tmp_path / "tries"
    code = f"""
        ready(DEVICES)
        with open({str(tries)!r}, "a") as file:
            print(load().devices, file=file)
        if len(Path({str(tries)!r}).read_text().splitlines()) == 1:
            sys.stderr.write("CUDA error: gone")
            sys.stderr.flush()
            os._exit(1)
        loaded()
        serve()
        """
    home = tmp_path / "home"
    play(monkeypatch, code.replace("DEVICES", "CPU, CUDA, VULKAN"))
    with engine_room(home, model) as room:
        assert "Vulkan" in str(room.until(Phase.READY).reduced)
    play(monkeypatch, code.replace("DEVICES", "CPU, CUDA"))
    with engine_room(home, model) as room:
        assert room.until(Phase.READY).reduced is None
    assert noted(tries) == ["[]", "['Vulkan0']", "[]"]


def die_while_loading(home: Path, model: Path) -> None:
    """Run a Lapis that is killed in the middle of loading `model`."""
    script = f"""
import sys, threading
from pathlib import Path
from desktop.backends import process
from tests.unit.engine_room import engine_room
from tests.unit.engine_stubs import commands
process.child_command = commands({stub("ready(CPU); load(); out(LoadProgress(fraction=0.5)); wait_for_ever()")!r})
with engine_room(Path({str(home)!r}), Path({str(model)!r})) as room:
    room.until_state(lambda state: state.progress > 0)
    print("loading", flush=True)
    threading.Event().wait()
"""
    lapis = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert lapis.stdout is not None
    with lapis.stdout:
        assert lapis.stdout.readline() == "loading\n"
        children = psutil.Process(lapis.pid).children()
        lapis.kill()
        lapis.wait()
    # The stub does not die with its parent by itself, as the engine does.
    for child in children:
        child.kill()


def test_a_load_that_took_lapis_along_is_tried_with_a_safer_plan_and_told(
    tmp_path: Path, llama: Path
) -> None:
    home = tmp_path / "home"
    die_while_loading(home, llama)
    with engine_room(home, llama) as room:
        state = room.until(Phase.READY)
        assert state.loaded is not None
        assert not state.loaded.plan.extra_buffers
        assert "Lapis did not survive" in str(state.notice)
    # It was survived once: the next accident is a first one again.
    die_while_loading(home, llama)
    with engine_room(home, llama) as room:
        assert room.until(Phase.READY).reduced is not None


def test_two_loads_in_a_row_that_took_lapis_along_are_enough(tmp_path: Path, llama: Path) -> None:
    home = tmp_path / "home"
    die_while_loading(home, llama)
    die_while_loading(home, llama)
    with engine_room(home, llama) as room:
        state = room.until(Phase.FAILED)
        assert state.crashes_here
        assert "Lapis did not survive" in str(state.error)


def test_a_load_that_was_broken_off_in_order_is_no_death(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "ready(CPU); load(); out(LoadProgress(fraction=0.5)); serve()")
    home = tmp_path / "home"
    for _ in range(3):
        with engine_room(home, model) as room:
            room.until_state(lambda state: state.progress > 0)
            assert list((home / "learned").glob("loading-*"))
        assert list((home / "learned").iterdir()) == []
