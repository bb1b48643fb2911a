"""How servers for models are asked, whichever library asks: what goes out, what is let in."""

import asyncio
import gzip
import itertools
import socket
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.errors import (
    AccessDenied,
    ConnectionRefused,
    NotTrusted,
    OddAnswer,
    Offline,
    Unreachable,
)
from desktop.hub import server_http
from desktop.hub.line_watch import GIVEN_UP_SECONDS, watch_line
from desktop.hub.network import Network
from desktop.hub.server_failures import server_failure
from desktop.hub.server_http import MOST_ANSWER_BYTES, http_options
from tests.harness.hub.certificates import new_authority, new_certificate
from tests.harness.hub.proxy import RecordingProxy
from tests.harness.scripted_server import Asked, ScriptedServer, answer, head

KEY = "sk-a-key-of-a-test"
STREAM = "text/event-stream"
LINES = "application/x-ndjson"


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(
    url: str,
    library: str,
    network: Network | None = None,
    *,
    key: str = "",
    method: str = "GET",
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    """Return status and body of the answer, read to its end."""
    return asyncio.run(_ask(url, library, network or Network(), key, method, headers))


async def _ask(
    url: str,
    library: str,
    network: Network,
    key: str,
    method: str,
    headers: dict[str, str] | None,
) -> tuple[int, bytes]:
    options = http_options(network, url, library, key=key, read_seconds=5.0)
    async with (
        _client(library, options) as client,
        client.stream(method, url, headers=headers or {}) as response,
    ):
        body = b"".join([block async for block in response.aiter_bytes()])
        return response.status_code, body


def _client(library: str, options: dict[str, Any]) -> Any:
    if library == "httpx2":
        import httpx2

        return httpx2.AsyncClient(**options)
    import httpx

    return httpx.AsyncClient(**options)


def always(*pieces: bytes) -> Any:
    """Say the same to everybody."""
    return lambda _asked: pieces


def test_a_request_tells_nothing_of_this_computer(library: str) -> None:
    told = {
        "User-Agent": "AsyncOpenAI/Python 3",
        "X-Stainless-Arch": "x64",
        "Authorization": "Bearer of-another",
        "OpenAI-Organization": "org",
        "Cookie": "a=b",
        "Content-Type": "application/json",
    }
    with ScriptedServer(always(answer("{}"))) as server:
        assert ask(server.address, library, headers=told) == (200, b"{}")
        sent = server.asked[0].headers

    assert sent["user-agent"].startswith("Lapis/")
    assert sent["accept-encoding"] == "identity"
    assert sent["content-type"] == "application/json"
    assert sent["host"] == server.address.removeprefix("http://")
    others = set(sent) - {"user-agent", "accept-encoding", "content-type", "host"}
    assert others <= {"accept", "connection", "content-length"}


def test_a_key_goes_along_as_a_bearer(library: str) -> None:
    with ScriptedServer(always(answer("{}"))) as server:
        ask(server.address, library, key=KEY, headers={"Authorization": "Bearer other"})
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_key_goes_to_the_server_it_belongs_to_alone(library: str) -> None:
    with (
        ScriptedServer(always(answer("{}"))) as mine,
        ScriptedServer(always(answer("{}"))) as other,
    ):

        async def both() -> None:
            async with _client(
                library, http_options(Network(), mine.address, library, key=KEY)
            ) as one:
                await one.get(mine.address)
                await one.get(other.address)

        asyncio.run(both())
        assert "authorization" in mine.asked[0].headers
        assert "authorization" not in other.asked[0].headers


@pytest.mark.parametrize("far", ["http://api.example.com/v1", "http://8.8.8.8", "http://nas.lan"])
def test_a_key_is_never_sent_in_the_open(far: str) -> None:
    with pytest.raises(AccessDenied, match="without encryption") as failed:
        http_options(Network(), far, "httpx", key=KEY)
    assert KEY not in str(failed.value) + str(failed.value.hint)


@pytest.mark.parametrize(
    "near", ["http://localhost:1", "http://10.1.2.3", "https://api.example.com"]
)
def test_a_key_may_go_where_nobody_reads_along(near: str) -> None:
    assert KEY not in str(http_options(Network(), near, "httpx", key=KEY))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_followed_elsewhere(library: str, status: int) -> None:
    with ScriptedServer(always(answer("{}"))) as other:
        moved = answer(status=status, headers=[f"Location: {other.address}/v1?secret=1"])
        with (
            ScriptedServer(always(moved)) as server,
            pytest.raises(OddAnswer, match=str(other.port)),
        ):
            ask(server.address, library, key=KEY, method="POST")
        assert other.asked == []


def test_a_key_that_is_written_into_a_redirect_is_not_shown(library: str) -> None:
    moved = answer(status=302, headers=[f"Location: http://a.example/login?key={KEY}"])
    with (
        ScriptedServer(always(moved)) as server,
        pytest.raises(OddAnswer, match="a\\.example") as odd,
    ):
        ask(server.address, library, key=KEY)
    assert KEY not in f"{odd.value.title} {odd.value.hint}"


def test_a_near_server_is_not_asked_through_a_proxy(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RecordingProxy() as proxy, ScriptedServer(always(answer("{}"))) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.address)
        for network in (
            Network(proxy.address),
            Network(environment={"HTTP_PROXY": proxy.address, "ALL_PROXY": proxy.address}),
        ):
            assert ask(server.address, library, network)[0] == 200
        assert proxy.log == []


def test_a_far_server_is_asked_through_the_proxy_of_the_settings(
    library: str, tmp_path: Path
) -> None:
    authority = new_authority(tmp_path)
    certificate = new_certificate(tmp_path, ["models.example.com"], authority)
    with (
        ScriptedServer(always(answer("{}")), certificate) as server,
        RecordingProxy({"models.example.com:443": server.port}) as proxy,
    ):
        network = Network(proxy.address, str(authority.file))
        assert ask("https://models.example.com/v1", library, network, key=KEY) == (200, b"{}")
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
        assert KEY not in "".join(proxy.heads)


def test_a_proxy_that_lets_nobody_through_is_named(library: str) -> None:
    with RecordingProxy(password="x") as proxy, pytest.raises(AccessDenied, match="proxy"):
        ask("https://models.example.com/v1", library, Network(proxy.address))


def test_offline_nothing_is_asked_of_others_and_this_computer_still_is(library: str) -> None:
    offline = Network(offline=lambda: True)
    with pytest.raises(Offline, match=r"models\.example\.com"):
        ask("https://models.example.com/v1", library, offline)
    with pytest.raises(Offline):
        ask("http://192.168.1.20:11434", library, offline)
    with ScriptedServer(always(answer("{}"))) as server:
        assert ask(server.address, library, offline)[0] == 200


def test_an_answer_under_way_ends_when_lapis_goes_offline(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.hub.network.is_this_computer", lambda _host: False)
    turned = False

    def say(_asked: Asked) -> Iterator[bytes]:
        nonlocal turned
        yield head(LINES) + b'{"n":1}\n'
        turned = True
        yield from itertools.repeat(b'{"n":2}\n')

    with ScriptedServer(say) as server:
        network = Network(offline=lambda: turned)
        with pytest.raises(Offline):
            ask(server.address, library, network)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "image/png"])
def test_an_answer_has_an_end(library: str, kind: str) -> None:
    def say(_asked: Asked) -> Iterator[bytes]:
        yield head(kind)
        yield from itertools.repeat(b"\n" * 65_536)

    with ScriptedServer(say) as server, pytest.raises(OddAnswer, match="more than an answer"):
        ask(server.address, library)


@pytest.mark.parametrize("kind", [STREAM, LINES])
def test_a_line_of_a_stream_has_an_end(library: str, kind: str) -> None:
    def say(_asked: Asked) -> Iterator[bytes]:
        yield head(kind)
        yield from itertools.repeat(b"data" * 16_384)

    with ScriptedServer(say) as server, pytest.raises(OddAnswer, match="more than an answer"):
        ask(server.address, library)


def test_an_event_of_many_lines_has_an_end(library: str) -> None:
    def say(_asked: Asked) -> Iterator[bytes]:
        yield head(STREAM)
        yield from itertools.repeat(b"data: 1\r\n" * 1000)

    with ScriptedServer(say) as server, pytest.raises(OddAnswer, match="more than an answer"):
        ask(server.address, library)


@pytest.mark.parametrize(
    ("kind", "event"),
    [(STREAM, b"data: 1\n\n"), (STREAM, b"data: 1\r\n\r\n"), (LINES, b'{"n": 1}\n')],
)
def test_a_stream_of_short_events_may_be_long(
    library: str, kind: str, event: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_http, "MOST_LINE_BYTES", 2**14)
    monkeypatch.setattr(server_http, "MOST_ANSWER_BYTES", 2**16)
    block = event * 1000

    with ScriptedServer(always(head(kind), *[block] * 16)) as server:
        assert ask(server.address, library) == (200, block * 16)


def _swelling(pack: Any) -> Iterable[bytes]:
    for _ in range(64):
        yield pack.compress(bytes(2**20))
    yield pack.flush()


def test_a_packed_answer_is_measured_unpacked(library: str) -> None:
    bomb = b"".join(_swelling(zlib.compressobj(wbits=31)))
    assert len(bomb) < MOST_ANSWER_BYTES

    packed = ["Content-Encoding: gzip"]
    with (
        ScriptedServer(always(answer(bomb, headers=packed))) as server,
        pytest.raises(OddAnswer, match="more than an answer"),
    ):
        ask(server.address, library)
    with ScriptedServer(always(answer(gzip.compress(b'{"a":1}'), headers=packed))) as server:
        assert ask(server.address, library) == (200, b'{"a":1}')


@pytest.mark.parametrize(
    ("packing", "body"), [("br", b"x"), ("gzip", b"no gzip"), ("gzip, br", b"")]
)
def test_an_answer_that_nobody_can_unpack_is_an_odd_one(
    library: str, packing: str, body: bytes
) -> None:
    said = answer(body, headers=[f"Content-Encoding: {packing}"])
    with (
        ScriptedServer(always(said)) as server,
        pytest.raises(OddAnswer, match="does not understand"),
    ):
        ask(server.address, library)


def test_a_web_page_is_no_answer(library: str) -> None:
    page = answer("<html>Please log in</html>", kind="text/html; charset=utf-8")
    with ScriptedServer(always(page)) as server, pytest.raises(OddAnswer, match="web page"):
        ask(server.address, library)


def test_an_error_comes_through_with_its_words(library: str) -> None:
    said = answer('{"error":"no"}', status=404, headers=["Retry-After: 3"])
    with ScriptedServer(always(said)) as server:
        assert ask(server.address, library) == (404, b'{"error":"no"}')


def test_a_closed_port_is_a_refused_connection(library: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefused, match=str(port)):
        ask(f"http://127.0.0.1:{port}", library)


def test_a_name_with_two_addresses_that_both_refuse_is_a_refused_connection() -> None:
    import httpx

    refused = [ConnectionRefusedError(111, host) for host in ("::1", "127.0.0.1")]
    failed = httpx.ConnectError("All connection attempts failed")
    failed.__cause__ = OSError("All connection attempts failed")
    failed.__cause__.__cause__ = ExceptionGroup("multiple connection attempts failed", refused)

    assert isinstance(server_failure(failed, "http://localhost:1"), ConnectionRefused)


def test_a_name_that_nobody_has_is_said(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match=r"nobody\.example\.com cannot be found"):
        ask("https://nobody.example.com/v1", library)
    with pytest.raises(Unreachable, match="cannot be found"):
        ask(f"https://{'a' * 70}.example.com/v1", library)


def test_a_server_that_hangs_up_broke_off(library: str) -> None:
    with ScriptedServer(always()) as server, pytest.raises(Unreachable, match="broke off"):
        ask(server.address, library)


def test_an_answer_that_stops_in_the_middle_broke_off(library: str) -> None:
    cut = b"HTTP/1.1 200 Said\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc"
    with ScriptedServer(always(cut)) as server, pytest.raises(Unreachable, match="broke off"):
        ask(server.address, library)


def test_what_is_no_http_is_said(library: str) -> None:
    with (
        ScriptedServer(always(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")) as server,
        pytest.raises(OddAnswer, match="something else than HTTP"),
    ):
        ask(server.address, library)


def test_encryption_with_a_server_that_has_none_is_said(library: str) -> None:
    with (
        ScriptedServer(always(answer("{}"))) as server,
        pytest.raises(Unreachable, match="secure connection") as failed,
    ):
        ask(server.address.replace("http:", "https:"), library)
    assert "http://" in str(failed.value.hint)


def test_an_unknown_certificate_is_not_trusted_until_it_is_chosen(
    library: str, tmp_path: Path
) -> None:
    authority = new_authority(tmp_path)
    certificate = new_certificate(tmp_path, ["127.0.0.1"], authority)
    with ScriptedServer(always(answer("{}")), certificate) as server:
        with pytest.raises(NotTrusted, match="somebody unknown"):
            ask(server.address, library, key=KEY)
        assert server.asked == []
        network = Network(certificates=str(authority.file))
        assert ask(server.address, library, network)[0] == 200


def test_a_certificate_of_another_name_or_time_is_not_trusted(library: str, tmp_path: Path) -> None:
    authority = new_authority(tmp_path)
    network = Network(certificates=str(authority.file))
    for names, days, words in (
        (["models.example.com"], (-1, 30), "Another server"),
        (["127.0.0.1"], (-30, -1), "not valid today"),
    ):
        certificate = new_certificate(tmp_path, names, authority, days)
        with (
            ScriptedServer(always(answer("{}")), certificate) as server,
            pytest.raises(NotTrusted, match=words),
        ):
            ask(server.address, library, network)


def test_a_server_that_says_nothing_has_fallen_silent(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_http, "CONNECT_SECONDS", 5.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        options = http_options(Network(), address, library, read_seconds=0.05)

        async def wait_in_vain() -> None:
            async with _client(library, options) as client:
                await client.get(address)

        with pytest.raises(Unreachable, match="fallen silent"):
            asyncio.run(wait_in_vain())


@pytest.mark.parametrize("reads", [True, False])
def test_leaving_an_answer_ends_its_connection_at_once(library: str, *, reads: bool) -> None:
    def say(_asked: Asked) -> Iterator[bytes]:
        yield head(LINES)
        yield from itertools.repeat(b'{"n":2}\n')

    async def leave(server: ScriptedServer) -> bool:
        options = http_options(Network(), server.address, library)
        async with _client(library, options) as client:
            async with client.stream("POST", server.address) as response:
                if reads:
                    assert await anext(response.aiter_lines())
            return await asyncio.to_thread(server.gone.wait, 10)

    with ScriptedServer(say) as server:
        assert asyncio.run(leave(server))


def test_a_packed_answer_swells_in_small_pieces(library: str) -> None:
    packed = gzip.compress(bytes(8 * 2**20))

    async def pieces(url: str) -> list[int]:
        async with (
            _client(library, http_options(Network(), url, library)) as client,
            client.stream("GET", url) as response,
        ):
            return [len(piece) async for piece in response.aiter_raw()]

    with ScriptedServer(always(answer(packed, headers=["Content-Encoding: gzip"]))) as server:
        sizes = asyncio.run(pieces(server.address))
    assert sum(sizes) == 8 * 2**20
    assert max(sizes) <= 2**16


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="TCP_USER_TIMEOUT is Linux's")
def test_a_line_that_is_dead_is_not_waited_for(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[socket.socket] = []

    async def watched(event: str, about: Mapping[str, Any]) -> None:
        await watch_line(event, about)
        if event == "connection.connect_tcp.complete":
            lines.append(about["return_value"].get_extra_info("socket"))

    monkeypatch.setattr(server_http, "watch_line", watched)

    async def look() -> dict[str, int]:
        options = http_options(Network(), server.address, library)
        async with (
            _client(library, options) as client,
            client.stream("GET", server.address) as response,
        ):
            assert response.status_code == 200
            return {
                "asks": lines[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                "first": lines[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                "between": lines[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                "all": lines[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            }

    with ScriptedServer(always(head(LINES), b'{"n":1}\n')) as server:
        found = asyncio.run(look())

    assert found == {"asks": 1, "first": 30, "between": 10, "all": GIVEN_UP_SECONDS * 1000}
