"""The thread of the servers: what runs in it comes back, ends in time, and holds nobody up."""

import threading
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, nullcontext

import pytest

from desktop.backends.server_loop import ServerLoop, in_thread, not_silent
from desktop.domain.errors import LapisError, OddAnswer, Unreachable
from desktop.domain.text import Text
from tests.harness.waiting import wait_for

WORDS = Text("said"), Text("hint")


def test_what_runs_too_long_is_cancelled_and_no_answer(loop: ServerLoop) -> None:
    cancelled = threading.Event()

    async def work() -> None:
        import asyncio

        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(Unreachable, match="does not answer"):
        loop.run(work(), 0.05)

    wait_for(cancelled.is_set)


def test_what_work_comes_to_or_raises_comes_back(loop: ServerLoop) -> None:
    async def work(error: Exception | None) -> str:
        if error is not None:
            raise error
        return threading.current_thread().name

    assert loop.run(work(None), 10) == "servers"
    with pytest.raises(OddAnswer, match="said"):
        loop.run(work(OddAnswer(*WORDS)), 10)
    with pytest.raises(TimeoutError, match="its own"):
        loop.run(work(TimeoutError("its own")), 10)


def test_a_closed_loop_takes_nothing_and_ends_who_waits(loop: ServerLoop) -> None:
    started = threading.Event()
    errors: list[LapisError] = []

    async def work() -> None:
        import asyncio

        started.set()
        await asyncio.Event().wait()

    def wait() -> None:
        try:
            loop.run(work(), 60)
        except LapisError as error:
            errors.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert started.wait(10)

    loop.close()

    waiter.join(10)
    assert str(errors[0].title) == "The connection was closed"
    with pytest.raises(Unreachable, match="was closed"):
        loop.run(work(), 1)
    assert not loop.call(started.clear)
    loop.close()


async def _numbers(
    closed: threading.Event, error: Exception | None = None
) -> AsyncGenerator[int, None]:
    import asyncio

    try:
        for number in range(3):
            yield number
        if error is not None:
            raise error
        await asyncio.sleep(0 if closed.is_set() else 3600)
    finally:
        closed.set()


def test_items_are_taken_one_by_one_until_somebody_has_enough(loop: ServerLoop) -> None:
    closed, cancel = threading.Event(), threading.Event()
    taken = []

    for number in loop.each(_numbers(closed), cancel):
        taken.append(number)
        if number == 2:
            cancel.set()

    assert taken == [0, 1, 2]
    wait_for(closed.is_set)


@pytest.mark.parametrize("error", [None, OddAnswer(*WORDS)])
def test_items_end_as_they_end_and_fail_as_they_fail(
    loop: ServerLoop, error: LapisError | None
) -> None:
    closed = threading.Event()
    closed.set()
    expected: AbstractContextManager[object] = (
        nullcontext() if error is None else pytest.raises(OddAnswer)
    )
    taken: list[int] = []

    with expected:
        taken.extend(loop.each(_numbers(closed, error), threading.Event()))

    assert error is not None or taken == [0, 1, 2]


def test_a_call_that_hangs_holds_nobody_up_at_the_end(loop: ServerLoop) -> None:
    release, inside = threading.Event(), threading.Event()

    def hang() -> None:
        inside.set()
        release.wait(60)

    future = loop.start(in_thread(hang))
    assert inside.wait(10)

    loop.close()

    assert future.cancelled()
    assert not [one for one in threading.enumerate() if one.name == "servers"]
    release.set()


def test_calls_in_threads_come_back_with_what_they_return_or_raise(loop: ServerLoop) -> None:
    def fail() -> None:
        raise OddAnswer(*WORDS)

    assert loop.run(in_thread(lambda: 42), 10) == 42
    with pytest.raises(OddAnswer):
        loop.run(in_thread(fail), 10)


def test_items_that_stay_away_too_long_are_given_up(loop: ServerLoop) -> None:
    closed, taken = threading.Event(), list[int]()

    with pytest.raises(Unreachable, match="fallen silent"):
        taken.extend(loop.each(not_silent(_numbers(closed), 0.05), threading.Event()))

    assert closed.is_set()


def test_items_that_come_in_time_are_all_taken(loop: ServerLoop) -> None:
    closed = threading.Event()
    closed.set()

    assert list(loop.each(not_silent(_numbers(closed), 10), threading.Event())) == [0, 1, 2]
