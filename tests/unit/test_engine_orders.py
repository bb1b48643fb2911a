"""Rare orders of events around the engine process: each must leave nobody waiting for ever."""

import threading
from pathlib import Path

import pytest

from desktop.backends.inbox import CountOrder, Item, SubmitOrder
from desktop.backends.llama import LlamaBackend
from desktop.backends.process import EngineProcess
from desktop.backends.watch import TICK_SECONDS, Limits, Verdict, Watch
from desktop.base.worker import Worker
from desktop.domain.chat import Queued, StopReason, TextDelta
from desktop.domain.engine import Phase
from desktop.domain.errors import EngineDied, ModelFileError
from tests import gguf_files
from tests.harness.waiting import wait_for
from tests.unit.engine_room import Answer, engine_room, model_at, question
from tests.unit.engine_stubs import noted, play


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return path


def fails(_value: object) -> None:
    raise ZeroDivisionError


def test_a_false_start_does_not_cost_a_later_crash_its_second_try(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = tmp_path / "starts"
    play(
        monkeypatch,
        f"""
        starts = Path({str(starts)!r})
        with starts.open("a") as file: print("start", file=file)
        number = len(starts.read_text().split())
        if number == 1: os.kill(os.getpid(), signal.SIGSEGV)
        ready(CPU)
        load()
        loaded()
        request = serve()
        if number == 2: os.kill(os.getpid(), signal.SIGSEGV)
        out(Delta(id=request.id, text="Yes.", thinking=False))
        done(request.id)
        serve()
        """,
    )
    with engine_room(tmp_path / "home", model) as room:
        assert room.ask(question("Hello")).wait().text == "Yes."
    assert len(noted(starts)) == 3


def test_memory_given_back_while_another_model_is_about_to_be_loaded_is_told(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, leaving = tmp_path / "go", tmp_path / "leaving"
    play(
        monkeypatch,
        f"""
        ready(CPU)
        load()
        loaded()
        done(serve().id)
        serve()
        Path({str(leaving)!r}).touch()
        while not Path({str(go)!r}).exists(): time.sleep(0.01)
        """,
    )
    with engine_room(tmp_path / "home", model) as room:
        room.ask(question("Hello")).wait()
        room.engine.choose(model_at(model))
        wait_for(leaving.exists)
        room.engine.unload()
        go.touch()
        room.until(Phase.IDLE)


def test_an_engine_that_ignores_a_stop_and_talks_on_is_ended(
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
        while True: out(Delta(id=request.id, text="and ", thinking=False))
        """,
    )
    with engine_room(tmp_path / "home", model) as room:
        answer = Answer()
        number = room.engine.ask(question("Hello"), answer.take)
        wait_for(lambda: TextDelta("and ") in answer.events)
        room.engine.cancel(number)
        assert answer.wait().finished.reason is StopReason.STOPPED


def test_a_request_ends_although_its_engine_cannot_be_killed(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where native code waits inside the kernel, for a disk or a graphics driver.
    monkeypatch.setattr("desktop.backends.watch.TICK_SECONDS", 0.05)
    monkeypatch.setattr("desktop.backends.watch.SILENCE_SECONDS", 2.5)
    monkeypatch.setattr("desktop.backends.process._JOIN_SECONDS", 0.05)
    play(
        monkeypatch,
        """
        ready(CPU)
        load()
        loaded()
        out(Delta(id=serve().id, text="The", thinking=False))
        wait_for_ever()
        """,
    )
    kill = EngineProcess.kill
    deaf: set[EngineProcess] = set()

    def ignore(process: EngineProcess) -> None:
        deaf.add(process)

    monkeypatch.setattr(EngineProcess, "kill", ignore)
    try:
        with engine_room(tmp_path / "home", model) as room:
            answer = room.ask(question("Hello")).wait()
            assert isinstance(answer.failed.error, EngineDied)
            assert answer.text == "The"
            monkeypatch.setattr(EngineProcess, "kill", kill)
    finally:
        for process in deaf:
            kill(process)
            assert process.join(30)


def test_a_listener_that_fails_costs_nobody_else_the_end(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go"
    play(
        monkeypatch,
        f"""
        ready(CPU)
        load()
        while not Path({str(go)!r}).exists(): time.sleep(0.01)
        out(LoadFailed(kind="damaged", detail=""))
        wait_for_ever()
        """,
    )
    with engine_room(tmp_path / "home", model) as room:
        room.engine.ask(question("Hello"), fails)
        answer = room.ask(question("Hello"))
        wait_for(lambda: answer.events == [Queued(2)])
        go.touch()
        assert isinstance(answer.wait().failed.error, ModelFileError)


def test_an_observer_that_fails_keeps_no_model_from_loading(tmp_path: Path) -> None:
    with engine_room(tmp_path / "home") as room:
        room.engine.watch(fails)
        room.engine.choose(model_at(gguf_files.write_llama(tmp_path / "tiny.gguf")))
        assert room.ask(question("Hello")).wait().text


def test_short_answers_between_two_ticks_count_as_use() -> None:
    watch = Watch(Limits(idle=lambda: 3 * TICK_SECONDS))
    for _ in range(4):
        assert [watch.tick([], loading=False) for _ in range(2)] == [Verdict.FINE] * 2
        watch.heard(progress=True)


def test_ticks_come_also_where_items_never_end() -> None:
    ticked = threading.Event()

    def handle(item: int) -> None:
        if not ticked.is_set():
            worker.send(item)

    worker: Worker[int] = Worker("busy", handle, tick=ticked.set, tick_seconds=0.01)
    worker.send(1)
    assert ticked.wait(30)
    assert worker.stop(30)


def test_what_is_asked_while_the_engine_is_being_closed_is_answered_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LlamaBackend(tmp_path)
    closing = threading.Thread(target=backend.close)
    send = Worker[Item].send

    def closed_meanwhile(worker: Worker[Item], item: Item) -> None:
        if isinstance(item, CountOrder | SubmitOrder):
            monkeypatch.setattr(Worker, "send", send)
            closing.start()
            # Long enough to be through, if nothing holds it up.
            closing.join(0.5)
        send(worker, item)

    monkeypatch.setattr(Worker, "send", closed_meanwhile)
    counted: list[object] = []
    backend.count([question("Hello")], counted.append, 0)
    closing.join()
    answer = Answer()
    backend.submit(question("Hello"), answer.take)

    assert counted == [None]
    assert answer.wait().finished.reason is StopReason.STOPPED
