"""Heads and bodies that no client should send: refused in time, and nothing is begun."""

import json
from collections.abc import Iterator

import pytest

from desktop.api.limits import (
    LARGEST_BODY,
    LARGEST_WITH_PICTURES,
)
from desktop.domain.errors import ModelFileError
from desktop.domain.text import Text
from tests.harness.api_house import (
    ApiHouse,
    RawClient,
    api_house,
    ask,
    question,
    refused,
    request,
)
from tests.harness.waiting import wait_for


@pytest.fixture(name="house")
def _house() -> Iterator[ApiHouse]:
    with api_house() as house:
        yield house


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_body_that_is_not_called_json_is_refused(house: ApiHouse, kind: str | None) -> None:
    assert refused(house, request(kind=kind)).status == 415


def test_two_kinds_of_body_are_refused(house: ApiHouse) -> None:
    asking = request(headers=[("Content-Type", "text/plain")])
    assert refused(house, asking).status == 415


def test_json_may_name_its_letters(house: ApiHouse) -> None:
    assert ask(house, request(kind="Application/JSON; charset=utf-8")).status == 200


def test_a_compressed_body_is_refused(house: ApiHouse) -> None:
    assert refused(house, request(headers=[("Content-Encoding", "gzip")])).status == 415


def test_a_body_of_a_hundred_megabytes_is_refused_and_its_sender_reads_why(
    house: ApiHouse,
) -> None:
    size = 100 * 2**20
    head = request(body=b"", headers=[("Content-Length", str(size))])
    with RawClient(house.port) as client:
        client.send(head)
        part = b"x" * 2**20
        for _ in range(size // len(part)):
            client.send(part)
        answer = client.answer()
    assert answer.status == 413
    assert not house.engine.asked


def test_a_body_that_is_announced_too_large_is_not_waited_for(house: ApiHouse) -> None:
    size = str(LARGEST_WITH_PICTURES + 1)
    assert refused(house, request(body=b"", headers=[("Content-Length", size)])).status == 413
    small = str(LARGEST_BODY + 1)
    asking = request(path="/v1/embeddings", body=b"", headers=[("Content-Length", small)])
    assert refused(house, asking).status == 413


def test_who_asks_before_sending_is_told_to_go_on_or_not(house: ApiHouse) -> None:
    expecting = request(headers=[("Expect", "100-continue")])
    head, gap, body = expecting.partition(b"\r\n\r\n")
    with RawClient(house.port) as client:
        client.send(head + gap)
        assert client.socket.recv(21) == b"HTTP/1.1 100 Continue"
        client.send(body)
        wait_for(lambda: house.engine.asked)
    house.engine.asked.clear()
    stranger = request(headers=[("Expect", "100-continue")], key="wrong")
    assert refused(house, stranger.partition(b"\r\n\r\n")[0] + gap).status == 401


def test_a_chunked_body_without_end_is_cut_short(house: ApiHouse) -> None:
    head = request(body=b"", headers=[("Transfer-Encoding", "chunked")])
    chunk = b"100000\r\n" + b" " * 2**20 + b"\r\n"
    with RawClient(house.port) as client:
        client.send(head)
        for _ in range(24):
            client.send(chunk)
        assert client.answer().status == 413
    assert not house.engine.asked


def test_a_chunked_body_is_read(house: ApiHouse) -> None:
    body = question()
    head = request(body=b"", headers=[("Transfer-Encoding", "chunked")])
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert ask(house, head + chunks).status == 200


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "9" * 30])
def test_a_length_that_is_none_is_refused(house: ApiHouse, length: str) -> None:
    assert refused(house, request(body=b"", headers=[("Content-Length", length)])).status == 400


def test_a_head_that_is_too_large_is_refused(house: ApiHouse) -> None:
    many = [(f"X-{number}", "1") for number in range(10_000)]
    assert refused(house, request(headers=many)).status == 431
    assert refused(house, request(headers=many[:101])).status == 431
    assert ask(house, request(headers=many[:90])).status == 200
    assert ask(house, request(headers=[("X-Long", "x" * 30_000)])).status == 200
    house.engine.asked.clear()
    assert refused(house, request(headers=[("X-Long", "x" * 40_000)])).status == 431
    assert refused(house, request("GET", "/v1/models?" + "x" * 9_000)).status == 431


def test_a_request_with_two_lengths_is_refused_with_all_that_follows(house: ApiHouse) -> None:
    hidden = request("GET", "/v1/models")
    both = [("Content-Length", "4"), ("Transfer-Encoding", "chunked")]
    with RawClient(house.port) as client:
        client.send(request(body=b"0\r\n\r\n" + hidden, headers=both))
        answer = client.answer()
        rest = b""
        while part := client.socket.recv(4096):
            rest += part
    assert answer.status == 400
    assert not rest
    two = [("Content-Length", "4"), ("Content-Length", "5")]
    assert refused(house, request(body=b"1234", headers=two)).status == 400


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\0" * 100])
def test_what_is_no_http_is_refused(house: ApiHouse, data: bytes) -> None:
    assert refused(house, data + b"\r\n\r\n").status == 400


def test_an_old_protocol_is_answered(house: ApiHouse) -> None:
    assert ask(house, request(version="HTTP/1.0")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/models", 405),
        ("GET", "/v1/chat/completions", 405),
        ("TRACE", "/v1/models", 405),
        ("GET", "/v1/../../etc/passwd", 404),
        ("GET", "/docs/../../../etc/passwd", 404),
        ("GET", "/docs/%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET", "/docs/swagger-ui.css.map", 404),
        ("GET", "/%00", 404),
    ],
)
def test_a_path_or_method_that_is_not_there_is_refused(
    house: ApiHouse, method: str, path: str, status: int
) -> None:
    assert refused(house, request(method, path)).status == status


def test_a_wish_for_another_protocol_is_not_granted(house: ApiHouse) -> None:
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x")]
    assert ask(house, request("GET", "/v1/models", upgrade)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60 + b"]" * 60,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[[]," * 300_000,
        b'{"temperature": NaN, "messages": []}',
        b'{"temperature": -Infinity, "messages": []}',
        b'"\\"' * 1_000_000,
        b"not json",
        b"",
        b"\xff\xfe{}",
        b'{"messages": "\xed\xa0\x80"}',
    ],
)
def test_json_that_is_none_or_too_deep_is_refused(house: ApiHouse, body: bytes) -> None:
    assert refused(house, request(body=body)).status == 400


def test_depth_counts_in_fields_that_nobody_knows_too(house: ApiHouse) -> None:
    deep = b'{"messages": [{"role": "user", "content": "hi"}], "x": %s%s}' % (b"[" * 55, b"]" * 55)
    assert refused(house, request(body=deep)).status == 400
    large = deep[:-1] + b', "y": "' + b"z" * 100_000 + b'"}'
    assert refused(house, request(body=large)).status == 400


def test_brackets_and_names_inside_of_texts_are_only_texts(house: ApiHouse) -> None:
    deep = "[" * 100 + '\\" NaN Infinity {' * 100
    messages = [{"role": "user", "content": deep}]
    assert ask(house, request(body=question(messages=messages))).status == 200
    assert house.engine.asked[0].messages[0].content == deep


def test_a_failure_is_told_without_paths(house: ApiHouse) -> None:
    house.engine.error = ModelFileError(
        Text("The file {name} is damaged", {"name": "/home/someone/models/x.gguf"}),
        Text("The system says: {reason}", {"reason": "no /home/someone/secret/place here"}),
    )
    answer = ask(house, request())
    assert answer.status == 500
    assert "someone" not in answer.words
    assert "x.gguf is damaged" in json.loads(answer.body)["error"]["message"]
    assert answer.headers["x-should-retry"] == "false"
