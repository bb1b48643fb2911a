"""What is changed while a server is asked: its name, its address, the switch that keeps Lapis offline."""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest

from desktop.domain.chat import Event, Failed
from desktop.domain.connection import Connection, ServerKind
from desktop.domain.errors import ConnectionRefused, Offline, ServerFault
from desktop.services.connections import Connections
from tests.harness.ollama.faults import told
from tests.harness.ollama.server import OllamaServer
from tests.harness.openai_server import piece, stream, value
from tests.harness.scripted_server import Asked, ScriptedServer, head
from tests.unit.connections_room import (
    LISTED,
    OPENAI,
    Kept,
    Ring,
    ask,
    text_of,
)


class Slow:
    """A server, of either kind, that stops in the middle of each stream until it is to go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def say(self, request: Asked) -> Iterable[bytes]:
        match request.path:
            case "/v1/chat/completions":
                return self._slowly(*stream(piece("Be"), piece("cause.", end="stop")))
            case "/api/show":
                return value({"remote_host": "https://ollama.com:443", "capabilities": []})
            case "/api/chat" | "/api/pull":
                steps = ({"message": {"content": "word "}, "status": "pulling"},) * 3
                lines = (json.dumps(step).encode() + b"\n" for step in steps)
                return self._slowly(head("application/x-ndjson"), *lines)
            case _:
                return value(LISTED)

    def _slowly(self, first: bytes, second: bytes, *rest: bytes) -> Iterable[bytes]:
        yield first + second
        self.begun.set()
        assert self.go_on.wait(20)
        yield from rest


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def known(kept: Kept, ring: Ring, ollama: OllamaServer) -> Iterator[Connections]:
    environment = {"OLLAMA_HOST": ollama.address}
    with closing(Connections(lambda: kept.value, kept.change, ring, environment)) as made:
        yield made


@pytest.mark.parametrize("change", ["renamed", "removed", "moved"])
def test_an_answer_goes_on_when_its_server_gets_another_name_or_place(
    known: Connections, change: str
) -> None:
    slow = Slow()
    with ScriptedServer(slow.say) as server:
        here = f"{server.address}/v1"
        known.save(Connection(OPENAI, "work", here))
        model = known.find("openai:work/org/big")
        assert model is not None
        events: list[Event] = []
        asked = threading.Thread(target=lambda: events.extend(ask(known, model)))
        asked.start()
        assert slow.begun.wait(20)
        match change:
            case "renamed":
                known.save(Connection(OPENAI, "other", here), "work")
            case "removed":
                known.remove("work")
            case _:
                known.save(Connection(OPENAI, "work", f"{server.address}/v2"), "work")
        known.refresh()
        slow.go_on.set()
        asked.join(30)

    assert text_of(events) == "Because."


def test_offline_in_the_middle_of_an_answer_that_comes_from_elsewhere_ends_it(
    kept: Kept, ring: Ring
) -> None:
    """The Ollama of this computer passes it on; here nothing says so but the model."""
    slow = Slow()
    with ScriptedServer(slow.say) as server, closing(_found(kept, ring, server)) as known:
        model = known.find("ollama:big:1b")
        assert model is not None
        events: list[Event] = []
        asked = threading.Thread(target=lambda: events.extend(ask(known, model)))
        asked.start()
        assert slow.begun.wait(20)
        kept.set(offline=True)
        slow.go_on.set()
        asked.join(30)

    last = events[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, Offline)


def test_offline_in_the_middle_of_a_fetching_ends_it(kept: Kept, ring: Ring) -> None:
    slow = Slow()
    with ScriptedServer(slow.say) as server, closing(_found(kept, ring, server)) as known:
        steps = known.pull("ollama", "tiny:1b", threading.Event())
        assert next(steps).step == "pulling"
        kept.set(offline=True)
        slow.go_on.set()
        with pytest.raises(Offline):
            list(steps)


def _found(kept: Kept, ring: Ring, server: ScriptedServer) -> Connections:
    return Connections(lambda: kept.value, kept.change, ring, {"OLLAMA_HOST": server.address})


def test_a_server_that_repeats_the_key_does_not_get_it_on_the_screen(
    known: Connections, ollama: OllamaServer
) -> None:
    known.save(Connection(ServerKind.OLLAMA, "mine", ollama.address))
    known.set_key(known.all()[1], "a-key-of-no-known-shape")
    ollama.faults.always = told({"error": "no such thing as a-key-of-no-known-shape"}, 500)
    model = known.find("ollama@mine:gemma2:9b")
    assert model is not None
    (failed,) = ask(known, model)

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ServerFault)
    assert "no such thing as …" in str(failed.error.title)
    assert "known" not in f"{failed.error.title} {failed.error.hint} {failed.error!r}"


def test_a_question_to_an_ollama_that_does_not_run_says_so(kept: Kept, ring: Ring) -> None:
    with closing(
        Connections(lambda: kept.value, kept.change, ring, {"OLLAMA_HOST": "127.0.0.1:9"})
    ) as known:
        model = known.find("ollama:gemma2:9b")
        assert model is not None
        failed = ask(known, model)[-1]

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ConnectionRefused)
    assert str(failed.error.title) == "Ollama does not run on this computer"
