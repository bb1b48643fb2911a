"""Connections to the local server: where, how many, how slow, and who has to wait."""

from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from desktop.api.limits import (
    MOST_CONNECTIONS,
    MOST_REQUESTS,
    MOST_WAITING,
    Patience,
    Turns,
)
from desktop.api.refused import Refused
from tests.harness.api_house import (
    ApiHouse,
    RawClient,
    api_house,
    ask,
    question,
    request,
)
from tests.harness.waiting import wait_for

SLOTS = 4


@pytest.fixture(name="house")
def _house() -> Iterator[ApiHouse]:
    with api_house() as house:
        yield house


def test_both_loopback_addresses_and_no_others_are_listened_at(house: ApiHouse) -> None:
    assert ask(house, request(host=f"[::1]:{house.port}"), "::1").status == 200
    listening = {
        connection.laddr.ip
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == house.port
    }
    assert listening == {"127.0.0.1", "::1"}


def test_slow_heads_and_bodies_are_given_up() -> None:
    patience = Patience(head=0.2, body_piece=0.2, body=0.6)
    with api_house(patience=patience) as house:
        with RawClient(house.port) as client:
            client.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127")
            assert client.answer().status == 408
            assert client.is_closed()
        with RawClient(house.port) as client:
            assert client.answer().status == 408
        with RawClient(house.port) as client:
            client.send(request()[:-5])
            assert client.answer().status == 408
        with RawClient(house.port) as client:
            # After a first answer on the same connection too.
            client.send(request())
            assert client.answer().status == 200
            client.send(b"POST /v1/chat")
            assert client.answer().status == 408
        assert len(house.engine.asked) == 1


def test_idle_connections_make_room_for_who_comes(house: ApiHouse) -> None:
    with ExitStack() as clients:
        idle = [clients.enter_context(RawClient(house.port)) for _ in range(150)]
        assert ask(house, request()).status == 200
        for client in idle:
            client.socket.settimeout(0.0)

        def still_open() -> int:
            count = 0
            for client in idle:
                try:
                    client.socket.recv(1)
                except BlockingIOError:
                    count += 1
                except OSError:
                    pass
            return count

        wait_for(lambda: still_open() <= MOST_CONNECTIONS)


def test_busy_connections_are_kept_and_one_more_is_told_to_wait(house: ApiHouse) -> None:
    with ExitStack() as clients:
        busy = [clients.enter_context(RawClient(house.port)) for _ in range(MOST_CONNECTIONS)]
        for client in busy:
            client.send(request()[:-5])
        wait_for(lambda: MOST_CONNECTIONS in house.counts)
        answer = ask(house, request())
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) > 0
        assert not house.engine.asked
        first = busy[0]
        first.send(request()[-5:])
        assert first.answer().status == 200


def test_who_asks_for_too_much_at_once_is_told_to_wait(house: ApiHouse) -> None:
    house.engine.endless = True
    most = SLOTS + MOST_WAITING
    with ExitStack() as clients:
        for _ in range(most):
            client = clients.enter_context(RawClient(house.port))
            client.send(request(body=question(stream=True)))
            assert client.socket.recv(15) == b"HTTP/1.1 200 OK"
        answer = ask(house, request())
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) > 0
        assert len(house.engine.asked) == most
    wait_for(lambda: len(house.engine.stopped) >= most)
    house.engine.endless = False
    wait_for(lambda: ask(house, request()).status == 200)


class Clock:
    """Tells the time that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def told_to_wait(turns: Turns, client: str) -> int:
    with pytest.raises(Refused) as refused, turns.take(client, slots=1):
        pass
    return refused.value.seconds


def test_when_to_ask_again_follows_from_how_long_requests_take() -> None:
    clock = Clock()
    turns = Turns(clock)
    with ExitStack() as inside:
        for _ in range(1 + MOST_WAITING):
            inside.enter_context(turns.take("a", slots=1))
        assert told_to_wait(turns, "a") == 1
        clock.now = 40.0
        assert told_to_wait(turns, "a") == 8
        with turns.take("b", slots=1):
            clock.now = 100_000.0
        assert told_to_wait(turns, "a") == 60
    with ExitStack() as inside:
        for _ in range(1 + MOST_WAITING):
            inside.enter_context(turns.take("a", slots=1))
        assert told_to_wait(turns, "a") == 60
    for _ in range(16):
        with turns.take("a", slots=1):
            clock.now += 10
    with ExitStack() as inside:
        for _ in range(1 + MOST_WAITING):
            inside.enter_context(turns.take("a", slots=1))
        assert told_to_wait(turns, "a") == 2
    with ExitStack() as inside:
        for number in range(MOST_REQUESTS):
            inside.enter_context(turns.take(str(number), slots=1))
        assert told_to_wait(turns, "new") == 1
