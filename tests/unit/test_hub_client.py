"""The door to the hubs: who sees the token, which redirects are followed, what errors say."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.errors import (
    AccessDenied,
    BadReference,
    GatedModel,
    NetworkError,
    NotTrusted,
    OddAnswer,
    RemoteFileNotFound,
    RepositoryNotFound,
    ServerFault,
    TooManyRequests,
    Unreachable,
    UserFixable,
)
from desktop.domain.repository import Source, SourceKind
from desktop.domain.settings import LibrarySettings
from desktop.hub import client as client_module
from desktop.hub.client import Client, Resolved, Stream, open_client
from desktop.hub.headers import content_hash, next_page, seconds_to_wait, whole_number
from desktop.hub.network import (
    Network,
    base_address,
    is_near,
    may_carry_token,
    may_follow,
    shown_address,
    source_of,
)
from desktop.hub.proxies import proxy_for
from tests.harness.http_listener import Answer
from tests.harness.hub.certificates import new_authority, new_certificate
from tests.harness.hub.faults import Cut, rate_limited, refusal, web_page
from tests.harness.hub.proxy import RecordingProxy
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.harness.waiting import wait_for

TOKEN = "hf_secret"
NAME = "owner/name-GGUF"
FILE = gguf_file("model-Q4_K_M.gguf", 300_000)
FAR = "cas-bridge.xethub.hf.co"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer([HubRepository(NAME, (FILE,))]) as server:
        yield server


@pytest.fixture
def client() -> Iterator[Client]:
    with open_client(Network(token=lambda: TOKEN)) as opened:
        yield opened


def test_a_file_is_resolved_with_its_size_and_hash(hub: HubServer, client: Client) -> None:
    found = client.resolve(hub.url(NAME, FILE.path))

    assert found.location.startswith(f"{hub.cdn}/")
    assert (found.size, found.sha256) == (FILE.size, FILE.sha256)
    assert found.commit == HubRepository(NAME, ()).commit
    assert [request.method for request in hub.log] == ["HEAD"]
    assert hub.log[0].headers["accept-encoding"] == "identity"
    assert hub.log[0].headers["user-agent"].startswith("Lapis/")


def test_a_range_of_a_file_is_read_from_the_storage(hub: HubServer, client: Client) -> None:
    location = client.resolve(hub.url(NAME, FILE.path)).location

    with client.stream(location, {"Range": "bytes=100-199"}) as stream:
        body = b"".join(stream.blocks())

    assert (stream.status, body) == (206, FILE.content[100:200])


def test_what_the_hub_hands_out_itself_has_no_hash(hub: HubServer, client: Client) -> None:
    small = gguf_file("small.gguf", 100_000)
    small = type(small)(small.path, small.size, head=small.head, lfs=False)
    hub.replace(HubRepository(NAME, (small,)))
    url = hub.url(NAME, small.path)

    assert client.resolve(url) == Resolved(url, small.size, "", HubRepository(NAME, ()).commit)


def test_a_mirror_that_tells_nothing_is_resolved_all_the_same(
    hub: HubServer, client: Client
) -> None:
    hub.faults.omit_linked = hub.faults.omit_commit = True

    found = client.resolve(hub.url(NAME, FILE.path))

    assert found.location.startswith(f"{hub.cdn}/")
    assert (found.size, found.sha256, found.commit) == (-1, "", "")


def test_modelscope_is_not_asked_with_head(hub: HubServer, client: Client) -> None:
    url = f"{hub.modelscope}/models/{NAME}/resolve/master/{FILE.path}"

    assert client.resolve(url, SourceKind.MODELSCOPE) == Resolved(url)
    with client.stream(url, {"Range": "bytes=0-9"}) as stream:
        assert (stream.status, b"".join(stream.blocks())) == (206, FILE.content[:10])


def test_the_token_never_leaves_for_a_mirror_or_its_storage(hub: HubServer, client: Client) -> None:
    client.get_json(f"{hub.endpoint}/api/models")
    found = client.resolve(hub.url(NAME, FILE.path))
    with client.stream(found.location) as stream:
        list(stream.blocks())
    with client.stream(f"{hub.modelscope}/models/{NAME}/resolve/master/{FILE.path}") as stream:
        list(stream.blocks())

    assert len(hub.log) == 5
    assert not any(request.authorization for request in hub.log)
    assert not any(TOKEN in str(request) for request in hub.log)


def test_the_token_is_shown_to_the_hub_and_not_to_its_storage(tmp_path: Path) -> None:
    authority = new_authority(tmp_path)
    names = ["huggingface.co", FAR, "127.0.0.1"]
    certificate = str(new_certificate(tmp_path, names, authority))
    repository = HubRepository(NAME, (FILE,), gate="auto", accepted=frozenset({TOKEN}))
    with HubServer([repository], certificate) as hub, _proxy_to(hub) as proxy:
        network = Network(proxy.address, str(authority.file), token=lambda: TOKEN)
        with open_client(network) as client:
            client.get_json("https://huggingface.co/api/models")
            # As the hub does: storage has a name of its own below the hub's.
            signed = hub.sign(FILE)
            hub.faults.redirect = signed.replace(hub.cdn, f"https://{FAR}")
            found = client.resolve(f"https://huggingface.co/{NAME}/resolve/main/{FILE.path}")
            with client.stream(found.location, {"Range": "bytes=0-9"}) as stream:
                assert b"".join(stream.blocks()) == FILE.content[:10]

        shown = [(request.side, request.token) for request in hub.log]
        assert shown == [("hub", TOKEN), ("hub", TOKEN), ("cdn", "")]
        assert proxy.log == ["CONNECT huggingface.co:443", f"CONNECT {FAR}:443"]
        assert not any(TOKEN in head or "authorization" in head.lower() for head in proxy.heads)


def test_a_mirror_that_hands_over_to_the_hub_brings_no_token_along(tmp_path: Path) -> None:
    authority = new_authority(tmp_path)
    certificate = str(new_certificate(tmp_path, ["huggingface.co", "127.0.0.1"], authority))
    with (
        HubServer([HubRepository(NAME, (FILE,))], certificate) as hub,
        HubServer([HubRepository(NAME, (FILE,))]) as mirror,
        _proxy_to(hub) as proxy,
    ):
        mirror.faults.redirect_status = 308
        mirror.faults.redirect = f"https://huggingface.co/{NAME}/resolve/main/{FILE.path}"
        network = Network(proxy.address, str(authority.file), token=lambda: TOKEN)
        with open_client(network) as client, pytest.raises(OddAnswer):
            # Its storage is on this computer, where nobody out there may send us.
            client.resolve(mirror.url(NAME, FILE.path))

        assert [(request.side, request.authorization) for request in hub.log] == [("hub", False)]
        assert not any(request.authorization for request in mirror.log)


def test_a_renamed_repository_is_followed(hub: HubServer, client: Client) -> None:
    hub.faults.renamed = {"owner/old": NAME}

    assert client.resolve(hub.url("owner/old", FILE.path)).sha256 == FILE.sha256
    assert client.get_json(f"{hub.endpoint}/api/models/owner/old").value != {}


@pytest.mark.parametrize("ask", [Client.resolve, Client.get_json])
def test_a_circle_of_redirects_ends(
    hub: HubServer, client: Client, ask: Callable[[Client, str], object]
) -> None:
    hub.faults.endless_redirects = True

    with pytest.raises(OddAnswer):
        ask(client, hub.url(NAME, FILE.path))
    assert len(hub.log) == 6


@pytest.mark.parametrize(
    "place",
    [
        "http://example.com/x",
        "http://192.0.2.1/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "https://name:word@huggingface.co/x",
        "https://",
        "javascript:alert(1)",
        "http://127.0.0.1:99999/x",
    ],
)
@pytest.mark.parametrize("method", ["resolve", "stream"])
def test_nobody_is_sent_to_an_unsafe_place(
    hub: HubServer, client: Client, place: str, method: str
) -> None:
    hub.faults.redirect = place

    with pytest.raises(NetworkError):
        _ask(client, method, hub.url(NAME, FILE.path))
    assert len(hub.log) == 1


@pytest.mark.parametrize(
    ("here", "there", "allowed"),
    [
        ("https://huggingface.co/a", "https://cdn.example/b", True),
        ("https://huggingface.co/a", "http://huggingface.co/b", False),
        ("https://huggingface.co/a", "http://127.0.0.1/b", False),
        ("https://huggingface.co/a", "https://127.0.0.1/b", False),
        ("https://huggingface.co/a", "https://192.168.1.1/b", False),
        ("https://huggingface.co/a", "https://[::1]/b", False),
        ("https://huggingface.co/a", "https://localhost./b", False),
        ("http://127.0.0.1:1/a", "http://127.0.0.1:2/b", True),
        ("http://127.0.0.1:1/a", "http://example.com/b", False),
        ("http://127.0.0.1:1/a", "http://192.0.2.1/b", False),
        ("http://10.0.0.1/a", "http://127.0.0.1/b", False),
        ("http://mirror.corp/a", "http://mirror.corp/b", True),
        ("http://mirror.corp/a", "http://other.corp/b", False),
        ("http://mirror.corp/a", "https://cdn.example/b", True),
    ],
)
def test_redirects_go_to_https_and_not_to_this_computer(
    here: str, there: str, allowed: bool
) -> None:
    assert may_follow(here, there) is allowed


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://huggingface.co/api/models", True),
        ("https://HuggingFace.co:443/api/models", True),
        ("https://hf.co/owner/name", True),
        ("http://huggingface.co/api/models", False),
        ("https://huggingface.co:8443/", False),
        ("https://huggingface.co.evil.example/", False),
        ("https://evil.example/huggingface.co", False),
        ("https://huggingface.co@evil.example/", False),
        ("https://cdn-lfs.huggingface.co/", False),
        ("https://cas-bridge.xethub.hf.co/", False),
        ("https://hf-mirror.com/", False),
        ("https://modelscope.cn/", False),
        ("https://127.0.0.1/", False),
        ("", False),
    ],
)
def test_the_token_belongs_to_the_hub_alone(url: str, may: bool) -> None:
    assert may_carry_token(url) is may


def test_a_token_that_is_none_is_refused_and_not_sent(tmp_path: Path) -> None:
    with (
        open_client(Network(token=lambda: "hf_a\r\nX-Evil: 1")) as client,
        pytest.raises(UserFixable, match="not a token"),
    ):
        client.get_json("https://huggingface.co/api/models")


def test_what_stays_on_this_computer_never_passes_a_proxy(hub: HubServer) -> None:
    with RecordingProxy() as proxy:
        for network in (
            Network(proxy.address),
            Network(environment={"HTTP_PROXY": proxy.address, "https_proxy": proxy.address}),
            Network(environment={"ALL_PROXY": proxy.address}),
        ):
            with open_client(network) as client:
                client.get_json(f"{hub.endpoint}/api/models")
                found = client.resolve(hub.url(NAME, FILE.path))
                with client.stream(found.location) as stream:
                    list(stream.blocks())

        assert proxy.log == []
    assert len(hub.log) == 9


@pytest.mark.parametrize(
    "network",
    [
        {"proxy": "{proxy}"},
        {"environment": {"HTTPS_PROXY": "{proxy}"}},
        {"environment": {"all_proxy": "{proxy}"}},
        {"proxy": "{bare}"},
    ],
)
def test_what_leaves_this_computer_passes_the_proxy(network: Mapping[str, object]) -> None:
    with RecordingProxy() as proxy:

        def filled(value: object) -> str:
            return str(value).format(proxy=proxy.address, bare=proxy.address[7:])

        variables = network.get("environment", {})
        assert isinstance(variables, dict)
        made = Network(
            filled(network.get("proxy", "")),
            environment={name: filled(value) for name, value in variables.items()},
        )
        with open_client(made) as client, pytest.raises(Unreachable, match="proxy"):
            client.get_json("https://huggingface.co/api/models")

        assert proxy.log == ["CONNECT huggingface.co:443"]


def test_a_proxy_that_wants_a_password_says_so_and_gets_it(tmp_path: Path) -> None:
    with HubServer() as hub, RecordingProxy(password="me:word") as proxy:
        del hub
        with open_client(Network(proxy.address)) as client, pytest.raises(AccessDenied):
            client.get_json("https://huggingface.co/api/models")
        named = proxy.address.replace("://", "://me:word@")
        with open_client(Network(named)) as client, pytest.raises(Unreachable) as failed:
            client.get_json("https://huggingface.co/api/models")

    assert "word" not in f"{failed.value.title} {failed.value.hint}"
    assert len(proxy.log) == 2


@pytest.mark.parametrize(
    ("exempt", "url", "by_proxy"),
    [
        ("", "https://huggingface.co/", True),
        ("*", "https://huggingface.co/", False),
        ("huggingface.co", "https://huggingface.co/", False),
        (".huggingface.co", "https://cdn.huggingface.co/", False),
        ("huggingface.co", "https://myhuggingface.co/", True),
        ("example.com, hf.co:443", "https://hf.co/", False),
        ("hf.co:8443", "https://hf.co/", True),
        ("8.8.8.0/24", "https://8.8.8.9/", False),
        ("8.8.8.0/24", "https://8.8.9.9/", True),
    ],
)
def test_exceptions_from_the_proxy_are_kept(exempt: str, url: str, by_proxy: bool) -> None:
    network = Network(environment={"https_proxy": "proxy.corp:3128", "no_proxy": exempt})

    assert proxy_for(network, url) == ("http://proxy.corp:3128" if by_proxy else "")


@pytest.mark.parametrize("proxy", ["gopher://x", "http://", "a b", "http://x:99999", "file:///x"])
def test_a_proxy_that_is_none_is_told(proxy: str) -> None:
    with (
        open_client(Network(proxy)) as client,
        pytest.raises(UserFixable, match="not the address of a proxy"),
    ):
        client.get_json("https://huggingface.co/api/models")


@pytest.mark.parametrize(
    ("names", "days", "is_signed", "words"),
    [
        (["127.0.0.1"], (-9, -2), True, "not valid today"),
        (["127.0.0.1"], (2, 9), True, "not valid today"),
        (["example.com"], (-1, 9), True, "in the name of"),
        (["127.0.0.1"], (-1, 9), False, "somebody unknown"),
    ],
)
def test_a_certificate_that_is_no_good_is_explained(
    tmp_path: Path, names: list[str], days: tuple[int, int], is_signed: bool, words: str
) -> None:
    authority = new_authority(tmp_path)
    certificate = new_certificate(tmp_path, names, authority if is_signed else None, days)
    network = Network(certificates=str(authority.file))
    with HubServer([], str(certificate)) as hub, open_client(network) as client:
        with pytest.raises(NotTrusted, match=words):
            client.get_json(f"{hub.endpoint}/api/models")

        assert hub.log == []


def test_an_authority_of_the_settings_is_trusted_and_without_it_not(tmp_path: Path) -> None:
    authority = new_authority(tmp_path)
    certificate = new_certificate(tmp_path, ["127.0.0.1"], authority)
    with HubServer([HubRepository(NAME, (FILE,))], str(certificate)) as hub:
        url = f"{hub.endpoint}/api/models"
        with open_client(Network()) as client, pytest.raises(NotTrusted, match="unknown"):
            client.get_json(url)
        with open_client(Network(certificates=str(authority.file))) as client:
            assert isinstance(client.get_json(url).value, list)
        by_variable = {"SSL_CERT_FILE": str(authority.file)}
        with open_client(Network(environment=by_variable)) as client:
            assert isinstance(client.get_json(url).value, list)


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_file_of_certificates_that_is_none_is_told(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with (
        open_client(Network(certificates=str(file))) as client,
        pytest.raises(UserFixable, match=r"ca\.pem cannot be read"),
    ):
        client.get_json("https://huggingface.co/api/models")


def test_a_server_without_tls_where_tls_is_expected_is_unreachable(
    hub: HubServer, client: Client
) -> None:
    with pytest.raises(Unreachable, match="No secure connection"):
        client.get_json(hub.endpoint.replace("http:", "https:"))


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (refusal(401, "RepoNotFound"), RepositoryNotFound, "has no repository owner/name-GGUF"),
        (refusal(404, "RepoNotFound"), RepositoryNotFound, "has no repository"),
        (refusal(401), RepositoryNotFound, "has no repository"),
        (refusal(401, "GatedRepo"), GatedModel, "terms of owner/name-GGUF"),
        (refusal(403, "GatedRepo"), GatedModel, "terms of"),
        (refusal(403, "", "Access to model x is gated"), GatedModel, "terms of"),
        (refusal(403), AccessDenied, "does not hand this out"),
        (refusal(404, "EntryNotFound"), RemoteFileNotFound, "does not have this file"),
        (refusal(404, "RevisionNotFound"), RemoteFileNotFound, "no such version"),
        (refusal(404), RemoteFileNotFound, "does not have this file"),
        (refusal(410), RemoteFileNotFound, "does not have this file"),
        (refusal(407), AccessDenied, "proxy"),
        (refusal(418), OddAnswer, "418"),
        (refusal(304), OddAnswer, "304"),
        (refusal(500), ServerFault, "500"),
        (refusal(503), ServerFault, "503"),
        (rate_limited(55), TooManyRequests, "wait 56 s"),
        (rate_limited(7, "Retry-After"), TooManyRequests, "wait 7 s"),
        (rate_limited(1, ""), TooManyRequests, "wait 5 s"),
    ],
)
def test_an_answer_that_is_an_error_is_explained(
    hub: HubServer, client: Client, answer: Answer, kind: type[NetworkError], words: str
) -> None:
    hub.faults.hub_answers(answer, times=2)
    url = hub.url(NAME, FILE.path)

    with pytest.raises(kind, match=words) as told:
        client.get_json(url)
    with client.stream(url) as stream:
        assert (stream.status, type(stream.failure())) == (answer.status, kind)
    assert str(told.value.hint)
    assert told.value.passes is (kind in {ServerFault, TooManyRequests})


def test_the_gate_is_told_without_a_body_too(hub: HubServer, client: Client) -> None:
    hub.replace(HubRepository(NAME, (FILE,), gate="manual"))

    with pytest.raises(GatedModel) as told:
        client.resolve(hub.url(NAME, FILE.path))

    assert told.value.page == f"https://huggingface.co/{NAME}"


@pytest.mark.parametrize(
    "answer",
    [
        web_page(),
        Answer(200, b""),
        Answer(200, b'{"a": '),
        Answer(200, b"\xff\xfe\x00"),
        Answer(200, b"[" * 100_000),
        Answer(200, b"1" * 10_000),
        Answer(204, b""),
    ],
)
def test_what_is_no_json_is_an_odd_answer(hub: HubServer, client: Client, answer: Answer) -> None:
    hub.faults.api_answers(answer)

    with pytest.raises(OddAnswer):
        client.get_json(f"{hub.endpoint}/api/models")


def test_an_answer_without_end_is_cut_off(hub: HubServer, client: Client) -> None:
    hub.faults.api_answers(Answer(200, b"[" + b" " * 100_000 + b"]"), times=2)

    with pytest.raises(OddAnswer):
        client.get_json(f"{hub.endpoint}/api/models", most_bytes=100_000)
    assert client.get_json(f"{hub.endpoint}/api/models", most_bytes=100_002).value == []


def test_a_connection_that_is_refused_is_unreachable(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(Unreachable, match="refuses the connection") as told:
        client.get_json(f"http://127.0.0.1:{port}/api/models")

    assert told.value.passes


def test_a_name_that_nobody_knows_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(Unreachable, match=r"mirror\.example cannot be found"):
        client.get_json("https://mirror.example/api/models")


def test_silence_is_not_waited_for_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "READ_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, open_client(Network()) as client:
        port = silent.getsockname()[1]
        with pytest.raises(Unreachable, match="does not answer"):
            client.get_json(f"http://127.0.0.1:{port}/api/models")


@pytest.mark.parametrize("how", [Cut.CLOSE, Cut.RESET])
def test_a_body_that_breaks_off_is_told(hub: HubServer, client: Client, how: Cut) -> None:
    hub.faults.cut(1000, how=how)
    location = client.resolve(hub.url(NAME, FILE.path)).location

    with (
        pytest.raises(Unreachable, match="broke off"),
        client.stream(location) as stream,
    ):
        list(stream.blocks())


@pytest.mark.parametrize("by", ["interrupt", "close"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_thread_that_waits_for_a_body_can_be_woken(tmp_path: Path, scheme: str, by: str) -> None:
    authority = new_authority(tmp_path)
    certificate = str(new_certificate(tmp_path, ["127.0.0.1"], authority))
    network = Network(certificates=str(authority.file))
    offered = [HubRepository(NAME, (FILE,))]
    with (
        HubServer(offered, certificate if scheme == "https" else "") as hub,
        open_client(network) as client,
    ):
        hub.faults.cut(100_000, how=Cut.STALL)
        location = client.resolve(hub.url(NAME, FILE.path)).location
        streams: list[Stream] = []
        received: list[int] = []
        failed: list[BaseException] = []

        def read() -> None:
            try:
                with client.stream(location) as stream:
                    streams.append(stream)
                    received.extend(len(block) for block in stream.blocks())
            except NetworkError as error:
                failed.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        wait_for(lambda: sum(received) == 100_000, 10, "what comes before the silence")
        streams[0].interrupt() if by == "interrupt" else client.close()
        thread.join(10)

        assert [type(error) for error in failed] == [Unreachable]


def test_a_thread_that_waits_for_a_secure_connection_is_woken_by_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, open_client(Network()) as client:
        failed: list[BaseException] = []

        def ask() -> None:
            try:
                with client.stream(f"https://127.0.0.1:{server.getsockname()[1]}/file"):
                    pass
            except NetworkError as error:
                failed.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        line, _ = server.accept()
        with line:
            # The first bytes of TLS are here, and nobody answers them.
            assert line.recv(1)
            client.close()
            thread.join(10)

            assert [type(error) for error in failed] == [Unreachable]


def test_a_connection_that_comes_about_after_the_end_is_closed_at_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[socket.socket] = []
    connect = socket.create_connection

    def late(address: tuple[str, int], *rest: Any, **named: Any) -> socket.socket:
        made.append(connect(address, *rest, **named))
        client.close()
        return made[0]

    monkeypatch.setattr(socket, "create_connection", late)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(Unreachable, match="was closed"),
        client.stream(f"https://127.0.0.1:{server.getsockname()[1]}/file"),
    ):
        pass

    assert made[0].fileno() == -1


def test_a_listing_that_is_compressed_unasked_is_read(hub: HubServer, client: Client) -> None:
    packed = gzip.compress(b"[1, 2]")
    hub.faults.api_answers(Answer(200, packed, {"Content-Encoding": "gzip"}))
    hub.faults.api_answers(Answer(200, b"[1, 2]", {"Content-Encoding": "gzip"}))

    assert client.get_json(f"{hub.endpoint}/api/models").value == [1, 2]
    with pytest.raises(OddAnswer):
        client.get_json(f"{hub.endpoint}/api/models")


def test_a_redirect_to_nowhere_is_odd(hub: HubServer, client: Client) -> None:
    hub.faults.hub_answers(Answer(302))

    with pytest.raises(OddAnswer):
        client.resolve(hub.url(NAME, FILE.path))


def test_a_closed_client_says_so(hub: HubServer, client: Client) -> None:
    client.close()

    with pytest.raises(Unreachable, match="closed"):
        client.get_json(f"{hub.endpoint}/api/models")


def test_one_connection_serves_a_chain_of_requests(
    hub: HubServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    connect = socket.create_connection

    def counted(address: tuple[str, int], *rest: Any, **named: Any) -> socket.socket:
        opened.append(address)
        return connect(address, *rest, **named)

    monkeypatch.setattr(socket, "create_connection", counted)
    hub.faults.renamed = {"owner/old": NAME}
    for _ in range(3):
        client.resolve(hub.url("owner/old", FILE.path))
        client.get_json(f"{hub.endpoint}/api/models/owner/old")

    assert len(hub.log) == 12
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("hf-mirror.com", "https://hf-mirror.com"),
        (" https://hf-mirror.com/ ", "https://hf-mirror.com"),
        ("http://10.0.0.5:8080/hf/", "http://10.0.0.5:8080/hf"),
        ("https://[::1]:5", "https://[::1]:5"),
    ],
)
def test_the_address_of_a_mirror_is_read(typed: str, base: str) -> None:
    assert base_address(typed) == base


@pytest.mark.parametrize(
    "typed",
    [
        *("", "   ", "https://", "ftp://x.y", "https://a b", "https://x.y?z=1", "https://x.y#z"),
        *("https://name:word@x.y", "https://x.y:99999", "https://x.y:0", "https://x\\y", "a\x00b"),
    ],
)
def test_an_address_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(BadReference) as told:
        base_address(typed)

    assert "word" not in str(told.value.title)


def test_the_variables_of_the_hubs_stand_for_their_addresses() -> None:
    settings = LibrarySettings(mirror="https://my.mirror/")

    def place(kind: SourceKind, **variables: str) -> Source:
        return source_of(kind, settings, variables)

    hub = Source(SourceKind.HUGGING_FACE, "https://huggingface.co")
    assert place(SourceKind.HUGGING_FACE) == hub
    assert place(SourceKind.HUGGING_FACE, HF_ENDPOINT="https://huggingface.co/") == hub
    assert place(SourceKind.HUGGING_FACE, HF_ENDPOINT="http://127.0.0.1:9") == Source(
        SourceKind.MIRROR, "http://127.0.0.1:9"
    )
    assert place(SourceKind.MIRROR) == Source(SourceKind.MIRROR, "https://my.mirror")
    assert place(SourceKind.MODELSCOPE) == Source(SourceKind.MODELSCOPE, "https://modelscope.cn")
    assert place(SourceKind.MODELSCOPE, MODELSCOPE_ENDPOINT="http://127.0.0.1:9") == Source(
        SourceKind.MODELSCOPE, "http://127.0.0.1:9"
    )


@pytest.mark.parametrize(
    ("host", "near"),
    [
        *(("localhost", True), ("a.localhost", True), ("127.0.0.1", True), ("127.9.9.9", True)),
        *(("::1", True), ("10.1.2.3", True), ("192.168.0.9", True), ("169.254.1.1", True)),
        *(("huggingface.co", False), ("8.8.8.8", False), ("localhost.evil.example", False)),
    ],
)
def test_this_computer_and_its_network_are_near(host: str, near: bool) -> None:
    assert is_near(host) is near


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        (f'"{"A" * 64}"', "a" * 64),
        (f'W/"{"a" * 64}"', "a" * 64),
        ("a" * 40, ""),
        ("g" * 64, ""),
        ("", ""),
    ],
)
def test_only_64_hex_digits_are_a_hash(tag: str, found: str) -> None:
    assert content_hash(tag) == found


@pytest.mark.parametrize(
    ("header", "number"),
    [("0", 0), (" 12 ", 12), ("-1", -1), ("1e3", -1), ("", -1), ("9" * 19, -1)],
)
def test_only_digits_are_a_number(header: str, number: int) -> None:
    assert whole_number(header) == number


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ('<https://a.b/c?d=1>; rel="next"', "https://a.b/c?d=1"),
        ('</c>; rel="prev", </d>; rel=next', "https://x.y/d"),
        ('<https://a.b/c>; rel="xet-auth"', ""),
        ('<https://a.b/c>; rel="nextish"', ""),
        ("garbage", ""),
    ],
)
def test_the_next_page_is_found(link: str, found: str) -> None:
    assert next_page(link, "https://x.y/z") == found


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit": '"api";r=0;t=55'}, 56),
        ({"ratelimit": '"api";r=0;t=55', "retry-after": "3"}, 56),
        ({"ratelimit": "nonsense", "retry-after": "3"}, 3),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "soon"}, 5),
        ({"retry-after": "-3"}, 5),
        ({}, 5),
    ],
)
def test_the_wait_that_a_server_asks_for_is_read(
    headers: Mapping[str, str], seconds: float
) -> None:
    assert seconds_to_wait(headers) == seconds


def test_an_address_is_shown_without_secrets_and_tricks() -> None:
    assert shown_address("https://name:word@x.y/z") == "https://…@x.y/z"
    assert shown_address("x\u202ey\x1b[0m") == "x\ufffdy\ufffd[0m"
    assert len(shown_address("x" * 500)) == 80


@contextmanager
def _proxy_to(hub: HubServer) -> Iterator[RecordingProxy]:
    """Give a proxy that takes the hub's names for the servers of `hub`."""
    hub_port, cdn_port = (int(place.rpartition(":")[2]) for place in (hub.endpoint, hub.cdn))
    routes = {"huggingface.co:443": hub_port, f"{FAR}:443": cdn_port}
    with RecordingProxy(routes) as proxy:
        yield proxy


def _ask(client: Client, method: str, url: str) -> None:
    if method == "resolve":
        client.resolve(url)
        return
    with client.stream(url):
        pass
