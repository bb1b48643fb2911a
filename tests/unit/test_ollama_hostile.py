"""A hostile or broken Ollama: every wait ends, memory stays bounded, nothing goes elsewhere."""

import os
import socket
import threading
from collections.abc import Callable

import psutil
import pytest

from desktop.backends.ollama import OllamaClient
from desktop.backends.server_backend import Patience, ServerBackend
from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import ChatRequest, StopReason
from desktop.domain.errors import (
    ConnectionRefused,
    LapisError,
    NetworkError,
    OddAnswer,
    Unreachable,
)
from tests.harness.http_listener import Answer
from tests.harness.listeners import Heard
from tests.harness.ollama import OllamaModel, OllamaServer
from tests.harness.ollama.faults import web_page
from tests.harness.waiting import wait_for
from tests.unit.ollama_room import GEMMA, SKY, ask, client_of

QUICK = Patience(first=0.5, between=0.3, backoff=0.01)
ASKINGS = ["models", "details", "version", "embed", "pull", "delete", "unload", "stream"]


def _error(
    loop: ServerLoop,
    client: OllamaClient,
    what: str,
    seconds: float = 20.0,
    patience: Patience = QUICK,
) -> LapisError:
    """Return what `what` fails with."""
    calls: dict[str, Callable[[], object]] = {
        "models": lambda: loop.run(client.models(), seconds),
        "version": lambda: loop.run(client.version(), seconds),
        "details": lambda: loop.run(client.details("gemma2:9b"), seconds),
        "embed": lambda: loop.run(client.embed("gemma2:9b", ["one"]), seconds),
        "delete": lambda: loop.run(client.delete("gemma2:9b"), seconds),
        "unload": lambda: loop.run(client.unload("gemma2:9b"), seconds),
        "pull": lambda: list(loop.each(client.pull("gemma2:9b"), threading.Event())),
    }
    if what == "stream":
        return ask(loop, client, patience=patience).error()
    with pytest.raises(LapisError) as raised:
        calls[what]()
    return raised.value


@pytest.mark.parametrize("what", ASKINGS)
def test_nobody_there(loop: ServerLoop, what: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = client_of(f"http://127.0.0.1:{taken.getsockname()[1]}")

        assert isinstance(_error(loop, client, what), ConnectionRefused)
        loop.run(client.close(), 10)


@pytest.mark.parametrize("what", ASKINGS)
def test_a_web_page_in_its_place(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, what: str
) -> None:
    ollama.faults.always = web_page()

    assert isinstance(_error(loop, client, what), OddAnswer)


@pytest.mark.parametrize("what", [one for one in ASKINGS if one not in {"delete", "unload"}])
@pytest.mark.parametrize(
    "said",
    [b"", b"{", b"[]", b"null", b"42", b'"text"', b'{"models": 5}', b"\xff\xfe", b"[" * 200_000],
)
def test_something_else_than_it_would_say(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, what: str, said: bytes
) -> None:
    ollama.faults.always = Answer(200, said + b"\n", {"Content-Type": "application/x-ndjson"})
    # Details of nothing are known of nothing; that is no error yet.
    if what == "details" and said in {b"", b'{"models": 5}'}:
        assert loop.run(client.details("gemma2:9b"), 10).context == 0
        return

    error = _error(loop, client, what)

    assert isinstance(error, (OddAnswer, Unreachable)), error


@pytest.mark.parametrize("what", ASKINGS)
@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"text"', b'{"error": {"a": 1}}', b"<html>oh</html>"]
)
def test_a_fault_of_its_own_in_any_form(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, what: str, body: bytes
) -> None:
    ollama.faults.always = Answer(500, body, {"Content-Type": "application/json"})

    error = _error(loop, client, what)

    assert isinstance(error, NetworkError)
    assert "html" not in str(error.title)


@pytest.mark.parametrize("what", ASKINGS)
def test_a_redirect_is_not_followed(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, what: str
) -> None:
    with OllamaServer([GEMMA]) as elsewhere:
        ollama.faults.redirect = elsewhere.address + "{path}"

        assert isinstance(_error(loop, client, what), OddAnswer)
        assert elsewhere.log == []


@pytest.mark.parametrize("what", ["models", "details", "version", "embed", "unload"])
def test_no_answer_at_all_ends_with_the_time_given(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, what: str
) -> None:
    ollama.faults.is_silent = True

    assert isinstance(_error(loop, client, what, 0.2), Unreachable)
    wait_for(lambda: ollama.log and ollama.log[0].left.is_set())


def test_no_answer_to_a_question_ends_with_our_patience(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    ollama.faults.is_silent = True

    assert str(_error(loop, client, "stream").title) == "The server has fallen silent"


def test_one_token_then_silence(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    ollama.faults.silent_after = 1

    heard = ask(loop, client, patience=QUICK)

    assert heard.text == "The"
    assert isinstance(heard.error(), Unreachable)
    wait_for(ollama.asked("/api/chat")[0].left.is_set)


@pytest.mark.parametrize("fault", ["dies_after", "ends_after"])
def test_an_answer_that_breaks_off_keeps_what_came(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, fault: str
) -> None:
    setattr(ollama.faults, fault, 3)

    heard = ask(loop, client, patience=QUICK)

    assert "The sky is".startswith(heard.text)
    assert isinstance(heard.error(), Unreachable)
    if fault == "ends_after":
        assert str(heard.error().title) == "Ollama ended its answer in the middle"
    assert len(ollama.asked("/api/chat")) == 1


def test_a_server_that_is_killed_in_the_middle_keeps_what_came(loop: ServerLoop) -> None:
    with OllamaServer([GEMMA]) as ollama:
        ollama.faults.silent_after = 3
        client, heard = client_of(ollama.address), Heard()
        ServerBackend(loop, client, "gemma2:9b", 4096).submit(ChatRequest((SKY,)), heard)
        wait_for(lambda: heard.text == "The sky is")

        ollama.close()

        assert isinstance(heard.error(), Unreachable)
        assert heard.text == "The sky is"
        loop.run(client.close(), 10)


def test_stopping_closes_the_connection(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    ollama.faults.silent_after = 2
    backend, heard = ServerBackend(loop, client, "gemma2:9b", 4096), Heard()
    number = backend.submit(ChatRequest((SKY,)), heard)
    wait_for(lambda: heard.text)

    backend.cancel(number)

    assert heard.reason() is StopReason.STOPPED
    wait_for(ollama.asked("/api/chat")[0].left.is_set)


@pytest.mark.parametrize("what", ["stream", "pull"])
def test_a_line_of_a_gigabyte_is_given_up_early(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer, what: str
) -> None:
    ollama.faults.endless_line_after = 1
    process = psutil.Process()
    before = process.memory_info().rss

    # Beside a busy machine's other work a gigabyte takes its time.
    error = _error(loop, client, what, patience=Patience())

    assert isinstance(error, OddAnswer)
    assert process.memory_info().rss - before < 64 * 2**20
    path = "/api/chat" if what == "stream" else "/api/pull"
    wait_for(ollama.asked(path)[0].left.is_set)


def test_a_list_without_measure_is_given_up(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    entries = b",".join([b'{"name": "a"}'] * 2_000_000)
    ollama.faults.instead["/api/tags"] = Answer(
        200, b'{"models": [' + entries + b"]}", {"Content-Type": "application/json"}
    )

    assert isinstance(_error(loop, client, "models"), OddAnswer)


def test_an_answer_without_end_is_given_up(
    loop: ServerLoop, client: OllamaClient, ollama: OllamaServer
) -> None:
    ollama.add(OllamaModel("gemma2:9b", reply="x" * 500_000))
    ollama.faults.is_endless = True

    heard = ask(loop, client)

    assert isinstance(heard.error(), OddAnswer)
    assert len(heard.text) < 17 * 2**20
    wait_for(ollama.asked("/api/chat")[0].left.is_set)


def test_prompts_go_through_no_proxy_and_no_foreign_key_goes_along(
    loop: ServerLoop, ollama: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OllamaServer([GEMMA]) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.address)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("OLLAMA_API_KEY", "sk-somebody")
        client = client_of(ollama.address)

        assert ask(loop, client).text == GEMMA.reply

        assert proxy.log == []
        assert "authorization" not in ollama.log[-1].headers
        assert ollama.log[-1].headers["user-agent"].startswith("Lapis/")
        assert os.environ["OLLAMA_API_KEY"] == "sk-somebody"
        loop.run(client.close(), 10)
