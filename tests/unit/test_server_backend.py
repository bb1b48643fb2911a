"""Answers of servers: taken side by side in one thread, insisted on, given up, ended once."""

import logging
import threading

import pytest

from desktop.backends.server_asked import Asked
from desktop.backends.server_backend import Patience
from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import (
    Event,
    Finished,
    Notice,
    ReasoningDelta,
    StopReason,
    TextDelta,
    Usage,
)
from desktop.domain.errors import (
    AccessDenied,
    ConnectionRefused,
    Defect,
    LapisError,
    OddAnswer,
    ServerBusy,
    TooManyRequests,
    Unreachable,
)
from tests.harness.listeners import Heard
from tests.harness.waiting import wait_for
from tests.unit.server_room import (
    FINISHED,
    QUESTION,
    WORDS,
    Scripted,
    Silence,
    ask,
    backend_of,
)


def test_an_answer_comes_piece_by_piece_and_ends_once(loop: ServerLoop) -> None:
    client = Scripted([ReasoningDelta("Hm."), TextDelta("Be"), TextDelta("cause"), FINISHED])

    heard = ask(loop, client)

    assert heard.text == "Because"
    assert heard.thinking == "Hm."
    assert heard.reason() is StopReason.STOP
    assert client.asked == [("gemma2:9b", 4096)]
    assert len(heard.ends) == 1


def test_the_client_may_be_made_when_it_is_needed(loop: ServerLoop) -> None:
    client = Scripted([FINISHED])
    made = []

    async def make() -> Scripted:
        made.append(threading.current_thread().name)
        return client

    heard = ask(loop, make)

    assert heard.reason() is StopReason.STOP
    assert made == ["servers"]


def test_nothing_runs_before_something_is_asked() -> None:
    before = threading.enumerate()

    backend = backend_of(ServerLoop(), Scripted())

    assert threading.enumerate() == before
    assert backend is not None


def test_times_are_measured_where_the_question_was_asked() -> None:
    heard = Heard()
    moments = iter([10.0, 12.0, 13.0, 14.0])
    asked = Asked(heard, lambda: next(moments))

    for event in (TextDelta("a"), TextDelta("b"), TextDelta("c")):
        asked.hear(event)
    asked.hear(FINISHED)

    usage = heard.usage()
    assert usage.ttft_ms == 2000.0
    assert usage.prefill_tps == 10.0  # 26 tokens of which 6 were cached, in 2 s
    assert usage.decode_tps == 2.0  # 4 more tokens in 2 s
    assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == (26, 6, 5)


def test_speeds_that_the_server_tells_are_kept() -> None:
    heard = Heard()
    moments = iter([10.0, 12.0, 13.0])
    asked = Asked(heard, lambda: next(moments))

    asked.hear(TextDelta("a"))
    asked.hear(TextDelta("b"))
    asked.hear(Finished(StopReason.STOP, Usage(26, 0, 5, 0.0, 700.0, 33.0)))

    assert (heard.usage().prefill_tps, heard.usage().decode_tps) == (700.0, 33.0)


def test_after_its_end_nothing_more_is_heard(loop: ServerLoop) -> None:
    heard = ask(loop, Scripted([FINISHED, TextDelta("late"), FINISHED]))

    assert heard.text == ""
    assert len(heard.ends) == 1


@pytest.mark.parametrize(
    "error", [TooManyRequests(*WORDS, 0.0), ServerBusy(*WORDS), ServerBusy(*WORDS, 0.02)]
)
def test_a_busy_server_is_asked_three_times_and_each_time_that_is_said(
    loop: ServerLoop, error: LapisError
) -> None:
    client = Scripted([error], [error], [TextDelta("At last"), FINISHED])

    heard = ask(loop, client)

    assert heard.text == "At last"
    assert len(client.asked) == 3
    assert heard.notices == ["The server is busy; asked again after 1 s"] * 2


def test_that_it_is_asked_again_is_of_no_interest_later(loop: ServerLoop) -> None:
    told: list[Event] = []
    ended = threading.Event()

    def hear(event: Event) -> None:
        told.append(event)
        if isinstance(event, Finished):
            ended.set()

    backend_of(loop, Scripted([ServerBusy(*WORDS)], [FINISHED])).submit(QUESTION, hear)
    assert ended.wait(20)
    assert [event.passes for event in told if isinstance(event, Notice)] == [True]


def test_after_the_end_of_everything_nobody_is_called_while_asking() -> None:
    """Whoever asks may hold a lock that the listener waits for."""
    loop = ServerLoop()
    loop.close()
    lock, ended = threading.Lock(), threading.Event()

    def hear(_event: Event) -> None:
        if lock.acquire(timeout=20):
            ended.set()

    with lock:
        backend_of(loop, Scripted()).submit(QUESTION, hear)
    assert ended.wait(20)


def test_a_server_that_stays_busy_is_given_up(loop: ServerLoop) -> None:
    client = Scripted(*([[ServerBusy(*WORDS)]] * 4))

    heard = ask(loop, client)

    assert isinstance(heard.error(), ServerBusy)
    assert len(client.asked) == 3


def test_a_wait_of_minutes_is_not_waited_for(loop: ServerLoop) -> None:
    client = Scripted([TooManyRequests(*WORDS, 3600.0)], [FINISHED])

    heard = ask(loop, client)

    error = heard.error()
    assert isinstance(error, TooManyRequests)
    assert error.seconds == 3600.0
    assert heard.notices == []


def test_a_refused_connection_is_tried_once_more(loop: ServerLoop) -> None:
    client = Scripted(*([[ConnectionRefused(*WORDS)]] * 3))

    heard = ask(loop, client)

    assert isinstance(heard.error(), ConnectionRefused)
    assert len(client.asked) == 2
    assert heard.notices == ["The server does not take connections; asked again after 1 s"]


@pytest.mark.parametrize("error", [AccessDenied(*WORDS), OddAnswer(*WORDS), Unreachable(*WORDS)])
def test_what_will_not_pass_is_not_tried_again(loop: ServerLoop, error: LapisError) -> None:
    client = Scripted([error], [FINISHED])

    heard = ask(loop, client)

    assert heard.error() is error
    assert len(client.asked) == 1


def test_after_the_first_piece_nothing_is_asked_again(loop: ServerLoop) -> None:
    client = Scripted([TextDelta("Half"), ServerBusy(*WORDS)], [TextDelta("other"), FINISHED])

    heard = ask(loop, client)

    assert heard.text == "Half"
    assert isinstance(heard.error(), ServerBusy)
    assert len(client.asked) == 1


def test_a_server_that_never_begins_is_given_up(loop: ServerLoop) -> None:
    client = Scripted([Silence])

    heard = ask(loop, client)

    assert str(heard.error().title) == "The server has fallen silent"
    assert client.closed.is_set()


def test_a_server_that_falls_silent_is_given_up_and_what_came_stays(loop: ServerLoop) -> None:
    patience = Patience(first=60.0, between=0.1)

    heard = ask(loop, Scripted([TextDelta("Half"), Silence]), patience)

    assert heard.text == "Half"
    assert isinstance(heard.error(), Unreachable)


def test_a_stream_without_an_end_has_failed(loop: ServerLoop) -> None:
    heard = ask(loop, Scripted([TextDelta("Half")]))

    assert heard.text == "Half"
    assert str(heard.error().title) == "The server ended its answer in the middle"


def test_an_answer_without_measure_is_given_up(loop: ServerLoop) -> None:
    heard = ask(loop, Scripted([TextDelta("x" * 2**20)] * 32))

    assert isinstance(heard.error(), OddAnswer)
    assert len(heard.text) <= 17 * 2**20


def test_a_defect_of_a_client_is_said_and_logged(
    loop: ServerLoop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        heard = ask(loop, Scripted([TextDelta("Half"), ZeroDivisionError()]))

    assert isinstance(heard.error(), Defect)
    assert "ZeroDivisionError" in caplog.text


def test_stopping_ends_at_once_and_closes_the_connection(loop: ServerLoop) -> None:
    client = Scripted([TextDelta("Half"), Silence])
    backend = backend_of(loop, client, Patience())
    heard = Heard()
    number = backend.submit(QUESTION, heard)
    wait_for(lambda: heard.text)

    backend.cancel(number)

    assert heard.reason() is StopReason.STOPPED
    wait_for(client.closed.is_set)
    assert heard.text == "Half"
    backend.close()
    assert len(heard.ends) == 1


def test_stopping_one_answer_leaves_the_others_alone(loop: ServerLoop) -> None:
    client = Scripted([Silence], [Silence])
    backend = backend_of(loop, client, Patience())
    first, second = Heard(), Heard()
    number = backend.submit(QUESTION, first)
    backend.submit(QUESTION, second)

    backend.cancel(number)

    assert first.reason() is StopReason.STOPPED
    assert second.ends == []
    backend.close()


def test_a_wait_for_a_busy_server_can_be_stopped(loop: ServerLoop) -> None:
    client = Scripted([TooManyRequests(*WORDS, 59.0)], [FINISHED])
    backend, heard = backend_of(loop, client), Heard()
    # All wait a little longer than they were asked to; this is still within what is waited for.
    client.tries[0] = [TooManyRequests(*WORDS, 40.0)]
    number = backend.submit(QUESTION, heard)
    wait_for(lambda: heard.notices)

    backend.cancel(number)

    assert heard.reason() is StopReason.STOPPED


def test_stopping_what_has_ended_or_never_was_does_nothing(loop: ServerLoop) -> None:
    backend, heard = backend_of(loop, Scripted([FINISHED])), Heard()
    number = backend.submit(QUESTION, heard)
    heard.end()

    backend.cancel(number)
    backend.cancel(99)
    backend.close()

    assert len(heard.ends) == 1


@pytest.mark.parametrize("what", ["backend", "loop"])
def test_closing_ends_what_is_under_way_as_stopped(loop: ServerLoop, what: str) -> None:
    client = Scripted([TextDelta("Half"), Silence])
    backend, heard = backend_of(loop, client, Patience()), Heard()
    backend.submit(QUESTION, heard)
    wait_for(lambda: heard.text)

    (backend if what == "backend" else loop).close()

    assert heard.reason() is StopReason.STOPPED
    assert client.closed.is_set()


@pytest.mark.parametrize("what", ["backend", "loop"])
def test_what_is_asked_after_the_end_is_stopped_at_once(loop: ServerLoop, what: str) -> None:
    client = Scripted([TextDelta("late"), FINISHED])
    backend, heard = backend_of(loop, client), Heard()
    (backend if what == "backend" else loop).close()

    backend.submit(QUESTION, heard)

    [end] = heard.events
    assert isinstance(end, Finished)
    assert end.reason is StopReason.STOPPED
    assert client.asked == []


def test_closing_what_was_never_asked_starts_nothing() -> None:
    before, loop = threading.enumerate(), ServerLoop()

    backend_of(loop, Scripted()).close()

    assert threading.enumerate() == before


def test_a_listener_that_fails_keeps_nobody_from_an_end(
    loop: ServerLoop, caplog: pytest.LogCaptureFixture
) -> None:
    backend = backend_of(loop, Scripted([TextDelta("a"), FINISHED], [FINISHED]))
    ended, heard = threading.Event(), Heard()

    def fail(event: Event) -> None:
        if isinstance(event, Finished):
            ended.set()
        raise ZeroDivisionError

    with caplog.at_level(logging.CRITICAL):
        backend.submit(QUESTION, fail)
        backend.submit(QUESTION, heard)

        assert ended.wait(10)
        assert heard.reason() is StopReason.STOP


def test_nobody_can_count_for_a_server(loop: ServerLoop) -> None:
    counts: list[object] = []

    backend_of(loop, Scripted()).count([QUESTION], counts.append, 0)

    assert counts == [None]


def test_a_model_is_unloaded_at_its_server(loop: ServerLoop) -> None:
    client = Scripted()

    backend_of(loop, client).unload()

    assert wait_for(lambda: client.unloaded) == ["gemma2:9b"]
