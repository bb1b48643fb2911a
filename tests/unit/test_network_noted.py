"""What the two doors note of real connections: each host, what for, how much, and nothing else."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.domain.errors import NetworkError, Offline
from desktop.domain.network_log import Entry, Purpose, Reason
from desktop.hub.client import open_client
from desktop.hub.network import Network
from desktop.hub.server_http import http_options
from desktop.hub.visit import server_reason
from desktop.services.network_log import NetworkLog
from tests.harness.home import home_variables
from tests.harness.hub.proxy import RecordingProxy
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.harness.ollama import OllamaModel, OllamaServer
from tests.harness.scripted_server import ScriptedServer, answer
from tests.harness.waiting import wait_for

ROOT = Path(__file__).parents[2]
NAME = "owner/small-GGUF"
FILE = gguf_file("small-Q4_K_M.gguf", 400_000)

# What a program does that is asked: every address that a socket of it was connected to.
WATCHED = """
import json, sys
seen = set()
def hear(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        seen.add(tuple(arguments[1][:2]))
sys.addaudithook(hear)
from desktop.cli import main
code = main(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    json.dump(sorted(seen), file)
sys.exit(code)
"""


def test_whatever_socket_a_command_opens_is_on_the_list(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with (
        HubServer([HubRepository(NAME, (FILE,))]) as hub,
        OllamaServer([OllamaModel("gemma2:9b")]) as ollama,
    ):
        environment = {
            **{key: value for key, value in os.environ.items() if "proxy" not in key.lower()},
            **home_variables(tmp_path),
            "HF_ENDPOINT": hub.endpoint,
            "MODELSCOPE_ENDPOINT": hub.modelscope,
            "OLLAMA_HOST": ollama.address,
        }
        seen = set()
        for arguments in (
            ["models", "search", "small"],
            ["models", "pull", NAME],
            ["connections", "test"],
            ["ask", "--model", "ollama:gemma2:9b", "Why?"],
            ["doctor"],
        ):
            told = tmp_path / "sockets.json"
            words = [sys.executable, "-c", WATCHED, str(told), "--data-dir", str(data), *arguments]
            done = subprocess.run(
                words, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0 or arguments == ["doctor"], done.stderr
            seen |= {(host, port) for host, port in json.loads(told.read_text())}

    entries = NetworkLog(data / "network.db").entries()
    assert {(each.contact.host, each.contact.port) for each in entries} == seen
    assert len(seen) >= 3
    purposes = {each.contact.reason.purpose for each in entries}
    assert purposes == {
        *(Purpose.SEARCH, Purpose.LOOK, Purpose.DOWNLOAD, Purpose.MODELS, Purpose.ASK)
    }
    files = [each for each in entries if each.contact.reason.purpose is Purpose.DOWNLOAD]
    assert {each.contact.reason.what for each in files} == {FILE.path}
    assert sum(each.received for each in files) == FILE.size
    (asked,) = [each for each in entries if each.contact.reason.purpose is Purpose.ASK]
    assert asked.sent > 0
    assert asked.received > 0
    assert "Why?" not in str(entries)


@pytest.fixture
def noted() -> list[Entry]:
    return []


def _sum(noted: list[Entry]) -> dict[tuple[str, int], Entry]:
    found: dict[tuple[str, int], Entry] = {}
    for each in noted:
        key = (each.contact.host, each.contact.port)
        found[key] = found[key].plus(each) if key in found else each
    return found


def test_each_step_of_a_download_is_noted_with_its_own_host_and_before_it_is_made(
    noted: list[Entry],
) -> None:
    with HubServer([HubRepository(NAME, (FILE,))]) as hub:
        before: list[int] = []

        def log(entry: Entry) -> None:
            noted.append(entry)
            if entry.times:
                before.append(len(hub.log))

        why = Reason(Purpose.DOWNLOAD, FILE.path)
        with open_client(Network(log=log)) as client:
            location = client.resolve(hub.url(NAME, FILE.path), why=why).location
            with client.stream(location, why=why) as stream:
                assert sum(map(len, stream.blocks())) == FILE.size

    assert before == [0, 1]
    first, second = _sum(noted).values()
    assert (first.times, first.received) == (1, 0)
    assert (second.times, second.received) == (1, FILE.size)
    assert {each.contact.reason for each in noted} == {why}


def test_what_is_held_back_is_noted_and_nothing_leaves(
    noted: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.hub.network.is_this_computer", lambda _host: False)
    network = Network(offline=lambda: True, log=noted.append)
    with ScriptedServer(lambda _asked: (answer("{}"),)) as server:
        with open_client(network) as client, pytest.raises(Offline):
            client.get_json(server.address)
        with pytest.raises(Offline):
            asyncio.run(_ask(network, server.address))
        assert server.asked == []

    assert [(each.times, each.refused) for each in noted] == [(0, 1), (0, 1)]


def test_an_unsafe_redirect_is_noted_and_not_followed(noted: list[Entry]) -> None:
    with HubServer([HubRepository(NAME, (FILE,))]) as hub:
        hub.faults.redirect = "http://login.example.com/?token=secret"
        with open_client(Network(log=noted.append)) as client, pytest.raises(NetworkError):
            client.resolve(hub.url(NAME, FILE.path))

    (refused,) = [each for each in noted if each.refused]
    assert (refused.contact.host, refused.times) == ("login.example.com", 0)
    assert "secret" not in str(noted)


def test_who_does_not_answer_is_noted(noted: list[Entry]) -> None:
    with ScriptedServer(lambda _asked: (answer("{}"),)) as server:
        address = server.address
    network = Network(log=noted.append)
    with open_client(network) as client, pytest.raises(NetworkError):
        client.get_json(address)
    with pytest.raises(NetworkError):
        asyncio.run(_ask(network, address))

    (found,) = _sum(noted).values()
    assert (found.times, found.failed, found.received) == (2, 2, 0)


def test_a_proxy_is_named(noted: list[Entry]) -> None:
    with RecordingProxy() as proxy:
        network = Network(proxy.address, log=noted.append)
        with open_client(network) as client, pytest.raises(NetworkError):
            client.get_json("https://models.example.com/x")

    assert {(each.contact.host, each.contact.port, each.contact.via) for each in noted} == {
        ("models.example.com", 0, "127.0.0.1")
    }


def test_bytes_of_an_answer_of_a_server_are_counted_as_they_came(noted: list[Entry]) -> None:
    with ScriptedServer(lambda _asked: (answer("x" * 5000),)) as server:
        asyncio.run(_ask(Network(log=noted.append), server.address, "/v1/chat/completions", b"why"))

    (found,) = _sum(noted).values()
    assert (found.times, found.sent, found.received) == (1, 3, 5000)
    assert found.contact.reason == Reason(Purpose.ASK)
    assert "why" not in str(noted)


async def _ask(network: Network, address: str, path: str = "/", body: bytes = b"") -> None:
    import httpx

    async with httpx.AsyncClient(**http_options(network, address, "httpx")) as client:
        await client.post(address + path, content=body)


@pytest.mark.parametrize(
    ("method", "path", "purpose"),
    [
        *(("GET", "/api/tags", Purpose.MODELS), ("GET", "/v1/models", Purpose.MODELS)),
        *(("POST", "/api/show", Purpose.MODELS), ("GET", "/props", Purpose.MODELS)),
        *(("POST", "/api/chat", Purpose.ASK), ("POST", "/v1/embeddings", Purpose.ASK)),
        *(("POST", "/api/pull", Purpose.PULL), ("DELETE", "/api/delete", Purpose.REMOVE)),
        ("POST", "/something/of/tomorrow", Purpose.ASK),
    ],
)
def test_a_request_to_a_server_is_told_by_its_path(
    method: str, path: str, purpose: Purpose
) -> None:
    assert server_reason(method, path) == Reason(purpose)


# Asks, and never gets an answer.
ASKING = """
import sys
from pathlib import Path
from desktop.hub.client import open_client
from desktop.hub.network import Network
from desktop.services.network_log import NetworkLog
with open_client(Network(log=NetworkLog(Path(sys.argv[1])).note)) as client:
    client.get_json(sys.argv[2])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_a_kill_while_somebody_is_asked_leaves_the_connection_on_the_list(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    goes_on = threading.Event()

    def silent(_asked: object) -> Iterator[bytes]:
        goes_on.wait(30)
        yield answer("{}")

    with ScriptedServer(silent) as server:
        words = [sys.executable, "-c", ASKING, str(path), server.address]
        with subprocess.Popen(words, cwd=ROOT) as process:
            # Nobody has answered, and nothing has ended: it was written beforehand.
            wait_for(lambda: server.asked and NetworkLog(path).entries(), 30)
            os.kill(process.pid, signal.SIGKILL)
        goes_on.set()

    (found,) = NetworkLog(path).entries()
    assert (found.times, found.contact.host) == (1, "127.0.0.1")
