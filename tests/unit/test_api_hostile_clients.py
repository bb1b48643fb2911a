"""Hostile clients of the local server, over raw sockets: refused in time, and nothing is begun."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from desktop.api.limits import (
    LARGEST_BODY,
    LARGEST_WITH_PICTURES,
    MOST_CONNECTIONS,
    MOST_WAITING,
    Patience,
)
from desktop.domain.errors import ModelFileError
from desktop.domain.settings import ApiSettings
from desktop.domain.text import Text
from tests.harness.api_house import (
    KEY,
    ApiHouse,
    RawAnswer,
    RawClient,
    api_house,
    question,
    request,
)
from tests.harness.waiting import wait_for

SLOTS = 4
EDITOR = "vscode-webview://abc"
CLOSE = ("Connection", "close")


@pytest.fixture(name="house")
def _house() -> Iterator[ApiHouse]:
    with api_house() as house:
        yield house


def ask(house: ApiHouse, data: bytes, host: str = "127.0.0.1") -> RawAnswer:
    with RawClient(house.port, host) as client:
        client.send(data)
        return client.answer()


def refused(house: ApiHouse, data: bytes) -> RawAnswer:
    """Return the answer to what must not have any effect."""
    answer = ask(house, data)
    assert not house.engine.asked
    assert not any(name.startswith("access-control") for name in answer.headers)
    if answer.body:
        assert isinstance(json.loads(answer.body)["error"]["message"], str)
    return answer


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "127.0.0.1.evil.com",
        "localhost.evil",
        "localhost.",
        "",
        "localhost:1",
        "127.0.0.1:x",
        "127.0.0.1:80000000",
        "user@localhost",
        "127.1",
        "0.0.0.0",  # noqa: S104 - a name, and nobody listens there
        "[::2]",
        "192.168.0.1",
    ],
)
def test_a_name_that_is_not_ours_is_refused(house: ApiHouse, host: str) -> None:
    assert refused(house, request(host=host)).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_each_name_of_the_loopback_is_ours(house: ApiHouse, host: str) -> None:
    assert ask(house, request(host=host)).status == 200
    assert ask(house, request(host=f"{host}:{house.port}")).status == 200


def test_two_hosts_or_none_are_refused(house: ApiHouse) -> None:
    assert refused(house, request(headers=[("Host", "127.0.0.1")])).status == 400
    assert refused(house, request(host=None)).status == 400
    assert refused(house, request(host=None, version="HTTP/1.0")).status == 400


@pytest.mark.parametrize("target", ["http://evil.com/v1/chat/completions", "*"])
def test_a_target_that_is_no_path_is_refused(house: ApiHouse, target: str) -> None:
    assert refused(house, request(path=target)).status == 400


@pytest.mark.parametrize("origin", ["https://evil.com", "null", "http://127.0.0.1:1", EDITOR, ""])
def test_a_foreign_origin_is_refused(house: ApiHouse, origin: str) -> None:
    assert refused(house, request(headers=[("Origin", origin)])).status == 403
    assert refused(house, request("GET", "/v1/models", [("Origin", origin)])).status == 403
    assert refused(house, request("GET", "/", [("Origin", origin)])).status == 403


def test_a_second_origin_does_not_hide_behind_a_good_one(house: ApiHouse) -> None:
    ours = ("Origin", f"http://127.0.0.1:{house.port}")
    host = f"127.0.0.1:{house.port}"
    both = [ours, ("Origin", "https://evil.com")]
    assert ask(house, request(host=host, headers=[ours])).status == 200
    house.engine.asked.clear()
    assert refused(house, request(host=host, headers=both)).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site"])
def test_a_browser_that_says_another_site_asks_is_refused(house: ApiHouse, site: str) -> None:
    assert refused(house, request(headers=[("Sec-Fetch-Site", site)])).status == 403


def test_a_refused_origin_is_told_and_a_listed_one_let_in(house: ApiHouse) -> None:
    asking = request(headers=[("Origin", EDITOR), ("Sec-Fetch-Site", "cross-site")])
    assert refused(house, asking).status == 403
    assert house.refused == [EDITOR]
    house.access = ApiSettings(origins=(EDITOR,))
    answer = ask(house, asking)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == EDITOR
    assert answer.headers["vary"] == "Origin"


def test_a_listed_origin_still_needs_the_key(house: ApiHouse) -> None:
    house.access = ApiSettings(origins=(EDITOR,))
    assert ask(house, request(key=None, headers=[("Origin", EDITOR)])).status == 401
    assert not house.engine.asked


def test_a_preflight_is_answered_to_listed_origins_alone(house: ApiHouse) -> None:
    wishes = [
        ("Origin", EDITOR),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
        ("Access-Control-Request-Private-Network", "true"),
    ]
    asking = request("OPTIONS", headers=wishes, key=None)
    assert refused(house, asking).status == 403
    assert refused(house, request("OPTIONS", headers=wishes[1:], key=None)).status == 405
    house.access = ApiSettings(origins=(EDITOR,))
    with RawClient(house.port) as client:
        client.send(asking)
        answer = client.answer()
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == EDITOR
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert answer.headers["access-control-allow-private-network"] == "true"
    nowhere = request("OPTIONS", "/v1/nothing", wishes, key=None)
    assert ask(house, nowhere).status == 404


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Bearer wrong")],
        [("Authorization", "Bearer")],
        [("Authorization", f"Basic {KEY}")],
        [("Authorization", KEY)],
        [("Authorization", f"Bearer {KEY}x")],
        [("Authorization", f"Bearer {KEY}"), ("Authorization", "Bearer other")],
        [("Authorization", "Bearer \xff\xfe")],
        [("Cookie", f"key={KEY}")],
    ],
)
def test_without_the_key_nothing_is_begun(house: ApiHouse, headers: list[tuple[str, str]]) -> None:
    assert refused(house, request(key=None, headers=headers)).status == 401


def test_a_key_in_the_address_is_no_key(house: ApiHouse) -> None:
    asking = request(path=f"/v1/chat/completions?key={KEY}&api_key={KEY}", key=None)
    assert refused(house, asking).status == 401
    house.wait_for_accesses(1)
    assert KEY not in str(house.accesses)


def test_where_there_is_no_key_nobody_has_it(house: ApiHouse) -> None:
    house.key = ""
    assert refused(house, request(key="")).status == 401
    assert refused(house, request(key=None)).status == 401


def test_without_keys_the_other_checks_still_count(house: ApiHouse) -> None:
    house.access = ApiSettings(keyless=True)
    assert ask(house, request(key=None)).status == 200
    house.engine.asked.clear()
    assert refused(house, request(key=None, host="evil.com")).status == 403
    assert refused(house, request(key=None, headers=[("Origin", "null")])).status == 403
    assert refused(house, request(key=None, kind="text/plain")).status == 415


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
