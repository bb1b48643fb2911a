"""The engine's life: loaded on demand, ended in peace, ended when idle, measured; and its numbers."""

import os
import signal
import struct
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from desktop.backends.inbox import Running
from desktop.backends.vectors import vectors
from desktop.backends.watch import Verdict, Watch
from desktop.domain.chat import Queued, Sampling, StopReason, TextDelta
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import Defect, LapisError, ModelLoadError, UserFixable
from desktop.services.engine import Stopped, Vectors
from tests import gguf_files
from tests.harness.waiting import wait_for
from tests.unit.engine_room import Answer, engine_room, model_at, question
from tests.unit.engine_stubs import noted, play

LONG = Sampling(temperature=0, max_tokens=1500)
# Answers each question, and writes down what it is told and when it starts and ends.
DIARY = """
import atexit
def note(text):
    with open(DIARY, "a") as file:
        print(text, file=file)
note("start")
ready(CPU)
order = load()
loaded()
while True:
    command = serve()
    note(type(command).__name__)
    if isinstance(command, Generate):
        out(Delta(id=command.id, text="Yes.", thinking=False))
        done(command.id)
    if isinstance(command, Retire):
        break
"""


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    return gguf_files.write_llama(tmp_path / "tiny.gguf")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def diary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Diary":
    return Diary(tmp_path / "diary", monkeypatch)


class Diary:
    """A stub engine that keeps a diary."""

    def __init__(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._file = file
        self._monkeypatch = monkeypatch

    def at_the_end(self, code: str) -> None:
        head = f"DIARY = {str(self._file)!r}\n"
        play(self._monkeypatch, head + DIARY + code + "\nnote('end')\n")

    @property
    def lines(self) -> list[str]:
        return noted(self._file)


# Ended in peace.


def test_an_engine_that_answered_is_asked_to_write_and_ends_by_itself(
    tmp_path: Path, model: Path, diary: Diary
) -> None:
    diary.at_the_end("Path(os.fsdecode(order.states), 'chat.kv').write_bytes(b'kept')")
    with engine_room(tmp_path / "home", model) as room:
        room.ask(question("Hello")).wait()
        room.engine.unload()
        room.until(Phase.IDLE)
        assert diary.lines == ["start", "Generate", "Retire", "end"]
        assert (tmp_path / "home" / "cache" / "kv" / "chat.kv").read_bytes() == b"kept"


@pytest.mark.parametrize("keep", [True, False])
def test_an_engine_with_nothing_worth_keeping_is_ended_at_once(
    tmp_path: Path, model: Path, diary: Diary, keep: bool
) -> None:
    diary.at_the_end("")
    with engine_room(tmp_path / "home", model) as room:
        room.until(Phase.READY)
        if not keep:
            room.ask(replace(question("Hello"), keep_state=False)).wait()
        room.engine.unload()
        room.until(Phase.IDLE)
        assert "Retire" not in diary.lines


def test_an_engine_that_does_not_end_by_itself_is_ended(
    tmp_path: Path, model: Path, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.actor._RETIRE_SECONDS", 0.3)
    diary.at_the_end("wait_for_ever()")
    with engine_room(tmp_path / "home", model) as room:
        room.ask(question("Hello")).wait()
        pid = room.pid
        room.engine.unload()
        room.until(Phase.IDLE)
        assert not psutil.pid_exists(pid)
        assert "end" not in diary.lines


def test_a_switch_waits_until_the_old_engine_is_gone_and_questions_wait_with_it(
    tmp_path: Path, model: Path, diary: Diary
) -> None:
    go = tmp_path / "go"
    diary.at_the_end(f"while not Path({str(go)!r}).exists(): time.sleep(0.01)")
    with engine_room(tmp_path / "home", model) as room:
        room.ask(question("Hello")).wait()
        other = model.with_name("other.gguf")
        other.write_bytes(b"weights")
        room.engine.choose(model_at(other))
        waiting = room.ask(question("Hello again"))
        wait_for(lambda: Queued(1) in waiting.events)
        assert room.engine.state.phase is Phase.LOADING
        go.touch()
        assert waiting.wait().text == "Yes."
        assert diary.lines == ["start", "Generate", "Retire", "end", "start", "Generate"]


def test_a_question_that_comes_while_the_engine_leaves_brings_it_back(
    tmp_path: Path, model: Path, diary: Diary
) -> None:
    go = tmp_path / "go"
    diary.at_the_end(f"while not Path({str(go)!r}).exists(): time.sleep(0.01)")
    with engine_room(tmp_path / "home", model) as room:
        room.ask(question("Hello")).wait()
        room.engine.unload()
        wait_for(lambda: "Retire" in diary.lines)
        waiting = room.ask(question("Hello again"))
        stopped = Answer()
        room.engine.cancel(room.engine.ask(question("Never mind"), stopped.take))
        assert stopped.wait().finished.reason is StopReason.STOPPED
        go.touch()
        assert waiting.wait().text == "Yes."


@pytest.mark.parametrize(
    "stubborn",
    ["wait_for_ever()", "while True: out(Pong(id=1))", "os.kill(os.getpid(), signal.SIGSTOP)"],
)
def test_closing_gives_a_stubborn_engine_a_moment_and_no_more(
    tmp_path: Path, model: Path, diary: Diary, monkeypatch: pytest.MonkeyPatch, stubborn: str
) -> None:
    monkeypatch.setattr("desktop.backends.actor._RETIRE_SECONDS_AT_THE_END", 0.3)
    diary.at_the_end(stubborn)
    with engine_room(tmp_path / "home", model) as room:
        room.ask(question("Hello")).wait()
        pid = room.pid
    assert not psutil.pid_exists(pid)
    assert diary.lines == ["start", "Generate", "Retire"]


def test_closing_lets_an_engine_write_what_it_keeps(
    tmp_path: Path, model: Path, diary: Diary
) -> None:
    diary.at_the_end("")
    with engine_room(tmp_path / "home", model) as room:
        room.ask(question("Hello")).wait()
    assert diary.lines == ["start", "Generate", "Retire", "end"]


def test_closing_shortens_the_time_of_an_engine_that_is_leaving(
    tmp_path: Path, model: Path, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.actor._RETIRE_SECONDS", 1000)
    monkeypatch.setattr("desktop.backends.actor._RETIRE_SECONDS_AT_THE_END", 0.3)
    diary.at_the_end("wait_for_ever()")
    with engine_room(tmp_path / "home", model) as room:
        room.ask(question("Hello")).wait()
        room.engine.unload()
        wait_for(lambda: "Retire" in diary.lines)
    assert diary.lines.count("Retire") == 1


def test_a_chat_goes_on_after_the_memory_was_given_back_without_being_read_again(
    tmp_path: Path, llama: Path
) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        room.ask(question("Tell me about rivers, " * 40)).wait()
        room.engine.unload()
        room.until(Phase.IDLE)
        usage = room.ask(question("Tell me about rivers, " * 40)).wait().finished.usage
    assert usage.cached_tokens > usage.prompt_tokens // 2


# Ended when idle.


def test_an_idle_engine_is_ended_and_the_next_question_brings_it_back(
    tmp_path: Path, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.watch.TICK_SECONDS", 0.05)
    limit: list[float | None] = [None]
    with engine_room(tmp_path / "home", llama, idle_limit=lambda: limit[0]) as room:
        room.ask(question("Hello")).wait()
        pid = room.pid
        limit[0] = 0.2
        state = room.until(Phase.IDLE)
        assert state.unloaded_idle
        assert not psutil.pid_exists(pid)
        assert psutil.Process().children() == []
        assert room.engine.memory() is None
        limit[0] = None
        states: list[EngineState] = []
        room.engine.watch(states.append)
        answer = room.ask(question("Hello")).wait()
        assert answer.text
        assert answer.events[0] == Queued(1)
        assert states[0].phase is Phase.LOADING


def test_a_long_answer_is_not_idle(
    tmp_path: Path, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.watch.TICK_SECONDS", 0.01)
    ticks = threading.Semaphore(0)
    tick = Watch.tick

    def counted(watch: Watch, requests: Iterable[Running], *, loading: bool) -> Verdict:
        if not loading:
            ticks.release()
        return tick(watch, requests, loading=loading)

    monkeypatch.setattr(Watch, "tick", counted)
    with engine_room(tmp_path / "home", llama, idle_limit=lambda: 0.02) as room:
        # Stopped for longer than the limit, the process has a request all the while.
        answer = room.ask(question("Hello", LONG))
        wait_for(lambda: any(isinstance(event, TextDelta) for event in answer.events))
        pid = room.pid
        os.kill(pid, signal.SIGSTOP)
        for _ in range(20):
            assert ticks.acquire(timeout=30)
        os.kill(pid, signal.SIGCONT)
        assert answer.wait().finished.reason is StopReason.LENGTH
        room.until_state(lambda state: state.unloaded_idle)


def test_a_limit_that_changes_holds_from_the_next_tick(
    tmp_path: Path, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.backends.watch.TICK_SECONDS", 0.01)
    asked = threading.Semaphore(0)
    limit: list[float | None] = [1000.0]

    def current() -> float | None:
        asked.release()
        return limit[0]

    with engine_room(tmp_path / "home", llama, idle_limit=current) as room:
        for _ in range(10):
            assert asked.acquire(timeout=30)
        assert room.engine.state.phase is Phase.READY
        limit[0] = 0.0
        room.until(Phase.IDLE)


# Measured.


def test_the_memory_shown_is_that_of_the_engine_process(tmp_path: Path, llama: Path) -> None:
    with engine_room(tmp_path / "home") as room:
        assert room.engine.memory() is None
        room.engine.choose(model_at(llama))
        room.until(Phase.READY)
        memory, pid = room.engine.memory(), room.engine.engine_pid()
        assert memory is not None
        resident = psutil.Process(pid).memory_info().rss
        assert abs(memory.resident - resident) < resident // 2
        room.engine.unload()
        room.until(Phase.IDLE)
        assert room.engine.memory() is None


# Waiting for a load.


def test_questions_that_wait_for_a_load_know_their_places(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go"
    play(
        monkeypatch,
        f"""
        ready(CPU)
        load()
        while not Path({str(go)!r}).exists(): time.sleep(0.01)
        loaded()
        while True: done(serve().id)
        """,
    )
    with engine_room(tmp_path / "home", model) as room:
        first, second, third = Answer(), Answer(), Answer()
        numbers = [room.engine.ask(question("?"), answer.take) for answer in (first, second, third)]
        wait_for(lambda: third.events == [Queued(3)])
        assert (first.events, second.events) == ([Queued(1)], [Queued(2)])
        room.engine.cancel(numbers[0])
        wait_for(lambda: third.events == [Queued(3), Queued(2)])
        assert second.events == [Queued(2), Queued(1)]
        assert first.wait().finished.reason is StopReason.STOPPED
        go.touch()
        second.wait()
        third.wait()


# KV states on the disk.


def test_kept_states_are_forgotten_with_and_without_a_process(tmp_path: Path, llama: Path) -> None:
    folder = tmp_path / "home" / "cache" / "kv"
    with engine_room(tmp_path / "home", llama) as room:
        room.ask(question("Tell me about rivers, " * 40)).wait()
        room.engine.unload()
        room.until(Phase.IDLE)
        assert list(folder.iterdir())
        room.engine.forget_states()
        wait_for(lambda: not list(folder.iterdir()))
        usage = room.ask(question("Tell me about rivers, " * 40)).wait().finished.usage
        assert usage.cached_tokens == 0
        room.engine.forget_states()
        usage = room.ask(question("Tell me about rivers, " * 40)).wait().finished.usage
        assert usage.cached_tokens == 0
    # Only what was asked after the forgetting is written at the end.
    assert len(list(folder.iterdir())) <= 1


def test_what_is_being_written_when_it_is_to_be_forgotten_goes_too(
    tmp_path: Path, model: Path, diary: Diary
) -> None:
    folder = tmp_path / "home" / "cache" / "kv"
    diary.at_the_end("Path(os.fsdecode(order.states), 'k').touch(); note('w'); wait_for_ever()")
    with engine_room(tmp_path / "home", model) as room:
        room.ask(question("Hello")).wait()
        room.engine.unload()
        wait_for(lambda: "w" in diary.lines)
        room.engine.forget_states()
        room.until(Phase.IDLE)
        wait_for(lambda: not list(folder.iterdir()))


# Numbers.


def test_texts_become_vectors_of_one_length(tmp_path: Path) -> None:
    model = gguf_files.write_bert(tmp_path / "b.gguf")
    texts = [f"text number {n}" for n in range(70)]
    with engine_room(tmp_path / "home", model) as room:
        found = room.engine.embed(texts).rows
        again = room.engine.embed([texts[69], "half \ud83d of an emoji"]).rows
        assert room.engine.embed([]) == Vectors((), 0)
        loaded = room.engine.state.loaded
    assert len(found) == 70
    assert {len(vector) for vector in found} == {len(found[0])}
    assert sum(value * value for value in found[0]) == pytest.approx(1.0, abs=1e-3)
    assert list(again[0]) == pytest.approx(list(found[69]), abs=1e-4)
    assert found[0] != found[1]
    assert loaded is not None
    assert loaded.embeds


def test_each_model_says_what_it_is_not_made_for(tmp_path: Path, llama: Path) -> None:
    bert = gguf_files.write_bert(tmp_path / "b.gguf")
    with engine_room(tmp_path / "home", llama) as room:
        with pytest.raises(UserFixable, match="cannot turn texts into vectors"):
            room.engine.embed(["Hello"])
        room.engine.choose(model_at(bert))
        error = room.ask(question("Hello")).wait().failed.error
        assert isinstance(error, ModelLoadError)
        assert str(error.title) == "This model cannot hold a conversation"


def test_without_a_model_there_are_no_vectors(tmp_path: Path) -> None:
    with (
        engine_room(tmp_path / "home") as room,
        pytest.raises(LapisError, match="No model is chosen"),
    ):
        room.engine.embed(["Hello"])


def test_waiting_for_vectors_can_be_broken_off(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "ready(CPU); load(); wait_for_ever()")
    cancel = threading.Event()
    cancel.set()
    with engine_room(tmp_path / "home", model) as room, pytest.raises(Stopped):
        room.engine.embed(["Hello"], cancel)
    with pytest.raises(Stopped):
        room.engine.raw_loop(1, 1)


def test_the_bare_loop_is_timed_token_by_token(tmp_path: Path, llama: Path) -> None:
    with engine_room(tmp_path / "home", llama) as room:
        times = room.engine.raw_loop(32, 8)
        assert times.prompt_seconds > 0
        assert len(times.token_seconds) == 8
        assert min(times.token_seconds) > 0
        assert room.ask(question("Hello")).wait().text


@pytest.mark.parametrize(
    "said",
    [
        "out(Embedded(id=id, vectors=[], prompt_tokens=1))",
        "out(Embedded(id=id, vectors=[b'abc'], prompt_tokens=1))",
        "out(Embedded(id=id, vectors=[b''], prompt_tokens=1))",
        "out(Embedded(id=id, vectors=[b'\\x00\\x00\\x80\\x7f'], prompt_tokens=1))",
        "out(Embedded(id=id, vectors=[bytes(4 * 65537)], prompt_tokens=1))",
        "out(RawLooped(id=id, prompt_seconds=1.0, token_seconds=[1.0]))",
        "done(id)",
    ],
)
def test_vectors_that_are_none_are_refused(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    play(monkeypatch, f"ready(CPU); load(); loaded()\nwhile True:\n    id = serve().id; {said}")
    with engine_room(tmp_path / "home", model) as room:
        with pytest.raises(Defect):
            room.engine.embed(["Hello"])
        if "RawLooped" not in said:
            with pytest.raises(Defect):
                room.engine.raw_loop(1, 1)


@pytest.mark.parametrize("seconds", ["[-1.0]", "[float('nan')]", "[1.0, 1.0]"])
def test_times_that_are_none_are_refused(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    play(
        monkeypatch,
        "ready(CPU); load(); loaded()\n"
        f"out(RawLooped(id=serve().id, prompt_seconds=1.0, token_seconds={seconds})); serve()",
    )
    with engine_room(tmp_path / "home", model) as room, pytest.raises(Defect):
        room.engine.raw_loop(1, 1)


def test_vectors_are_read_as_they_were_written() -> None:
    bodies = [struct.pack("<3f", 1.0, -2.5, 0.0), struct.pack("<3f", 3.0, 4.0, 5.0)]
    found = vectors(bodies, 2)
    assert found is not None
    assert [list(vector) for vector in found] == [[1.0, -2.5, 0.0], [3.0, 4.0, 5.0]]
    assert vectors(bodies, 3) is None
    assert vectors([bodies[0], bodies[1][:8]], 2) is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("grammar", "left recursion"),
        ("adapter", "adapter"),
        ("no_infill", "middle"),
        ("not_chat", "conversation"),
        ("not_embedding", "vectors"),
    ],
)
def test_each_refusal_is_said_in_words(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    play(
        monkeypatch,
        "ready(CPU); load(); loaded()\n"
        f"out(Refused(id=serve().id, kind={kind!r}, detail='left recursion')); serve()",
    )
    with engine_room(tmp_path / "home", model) as room:
        error = room.ask(question("Hello")).wait().failed.error
    assert isinstance(error, UserFixable)
    assert words in str(error.title)
