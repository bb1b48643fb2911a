"""Clients that go away, do not read, or ask twice at once; and a server that ends meanwhile."""

import json
import socket
import struct
from collections.abc import Iterator

import psutil
import pytest
from fastapi import APIRouter, FastAPI

from desktop.api.app import app_of
from desktop.api.door import Door
from desktop.api.limits import Patience
from tests.harness.api_house import (
    SECONDS,
    ApiHouse,
    RawClient,
    api_house,
    question,
    request,
)
from tests.harness.waiting import wait_for

STREAM = request(body=question(stream=True))
OLLAMA = request(path="/api/chat", body=question())
WHOLE = request()


@pytest.fixture(name="house")
def _house() -> Iterator[ApiHouse]:
    with api_house() as house:
        house.engine.endless = True
        yield house


def begun(house: ApiHouse) -> None:
    wait_for(lambda: house.engine.asked)


def connected(house: ApiHouse) -> set[object]:
    """Return the clients to which the server still has a connection."""
    return {
        tuple(each.raddr)
        for each in psutil.Process().net_connections("tcp")
        if each.laddr.port == house.port and each.raddr
    }


def all_free(house: ApiHouse) -> None:
    assert house.engine.stop_heard.wait(SECONDS)
    wait_for(lambda: house.counts[-1] == 0)


@pytest.mark.parametrize("asking", [STREAM, OLLAMA, WHOLE])
def test_a_client_that_closes_stops_its_answer(house: ApiHouse, asking: bytes) -> None:
    with RawClient(house.port) as client:
        client.send(asking)
        begun(house)
        if asking is not WHOLE:
            assert client.socket.recv(15) == b"HTTP/1.1 200 OK"
    all_free(house)
    house.wait_for_accesses(1)
    assert house.accesses[0].status == 499


@pytest.mark.parametrize("asking", [STREAM, WHOLE])
def test_a_client_that_resets_stops_its_answer(house: ApiHouse, asking: bytes) -> None:
    with RawClient(house.port) as client:
        client.send(asking)
        begun(house)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    all_free(house)


def test_a_client_that_sends_no_more_is_gone(house: ApiHouse) -> None:
    with RawClient(house.port) as client:
        client.send(WHOLE)
        begun(house)
        client.socket.shutdown(socket.SHUT_WR)
        all_free(house)


def test_a_client_that_asked_ahead_and_left_is_noticed_too(house: ApiHouse) -> None:
    with RawClient(house.port) as client:
        client.send(WHOLE + WHOLE[:100])
        begun(house)
        client.send(WHOLE[100:])
    all_free(house)
    assert len(house.engine.asked) == 1


def test_a_client_that_floods_what_comes_next_is_cut_off(house: ApiHouse) -> None:
    with RawClient(house.port) as client:
        client.send(WHOLE)
        begun(house)
        with pytest.raises(ConnectionError):
            client.send(b"x" * 2**26)
    all_free(house)


def test_all_answers_of_one_request_are_stopped(house: ApiHouse) -> None:
    with RawClient(house.port) as client:
        client.send(request(body=question(n=3)))
        wait_for(lambda: len(house.engine.asked) == 3)
    wait_for(lambda: sorted(house.engine.stopped) == [1, 2, 3])


def test_a_client_that_does_not_read_stops_its_own_answer_only() -> None:
    with api_house(patience=Patience(reading=0.3)) as house:
        house.engine.endless = True
        with (
            RawClient(house.port, receive_buffer=4096) as deaf,
            RawClient(house.port) as other,
        ):
            deaf.send(STREAM)
            begun(house)
            other.send(STREAM)
            wait_for(lambda: len(house.engine.asked) == 2)

            def still_read() -> list[int]:
                assert other.socket.recv(65536)
                return house.engine.stopped

            assert wait_for(still_read, SECONDS) == [1]
            assert b"and on" in other.socket.recv(65536)
            # Cut off, although it could not even be told.
            name = deaf.socket.getsockname()
            wait_for(lambda: still_read() and name not in connected(house))


def test_requests_sent_at_once_are_answered_in_their_order() -> None:
    with api_house() as house, RawClient(house.port) as client:
        client.send(request() + request("GET", "/v1/models") + request())
        first, second = client.answer(), b""
        assert first.status == 200
        rest = first.body[int(first.headers["content-length"]) :]
        while rest.count(b"HTTP/1.1 200") < 2 or not rest.endswith(b"}"):
            rest += client.socket.recv(65536)
        second = rest.partition(b"\r\n\r\n")[2]
        assert second.startswith(b'{"object":"list"')
        assert len(house.engine.asked) == 2


def test_the_end_of_the_server_ends_every_answer_and_connection(house: ApiHouse) -> None:
    assert house.server is not None
    with RawClient(house.port) as streaming, RawClient(house.port) as idle:
        streaming.send(STREAM)
        begun(house)
        house.server.close()
        told = b""
        while part := streaming.socket.recv(65536):
            told += part
        # Ended as it should be, not cut off.
        assert told.endswith(b"0\r\n\r\n")
        assert idle.is_closed()
    assert house.engine.stopped == [1]
    with pytest.raises(ConnectionError):
        RawClient(house.port)
    house.server.close()


def test_a_defect_in_a_route_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_door: Door) -> FastAPI:
        routes = APIRouter()

        @routes.post("/v1/chat/completions")
        async def route() -> None:
            raise ZeroDivisionError("the secret words of a chat")

        return app_of([routes])

    with api_house(app=broken) as house:
        with RawClient(house.port) as client:
            client.send(request())
            answer = client.answer()
        assert answer.status == 500
        assert "secret" not in answer.words
        assert json.loads(answer.body)["error"]["type"] == "server_error"
        with RawClient(house.port) as client:
            client.send(request())
            assert client.answer().status == 500
    assert any("defect" in record.message for record in caplog.records)
