"""Ollama: its models listed, looked at, fetched, deleted, unloaded; texts turned into vectors.

The last part is against a real one, where `OLLAMA_HOST` answers.
"""

import os
import threading
from collections.abc import Iterator

import pytest

from desktop.backends.ollama import OllamaClient
from desktop.backends.ollama.pulling import Pull
from desktop.backends.server_backend import ServerBackend
from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import ChatRequest, Sampling, StopReason
from desktop.domain.connection import Connection, ServedModel, ServerKind
from desktop.domain.errors import (
    ContextOverflow,
    ModelNotServed,
    NotSupported,
    Offline,
    UserFixable,
)
from desktop.domain.text import Text
from desktop.services.server_names import installed
from tests.harness.listeners import Heard
from tests.harness.ollama import OllamaModel, OllamaServer
from tests.harness.waiting import wait_for
from tests.unit.ollama_room import (
    CLOUD,
    CODER,
    EMBEDDER,
    GEMMA,
    LONG,
    SEER,
    SKY,
    THINKER,
    ask,
    body,
    client_of,
)


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer([GEMMA, THINKER, SEER, EMBEDDER, CODER, CLOUD]) as server:
        yield server


def test_models_are_listed_with_what_is_told_of_them(
    loop: ServerLoop, client: OllamaClient
) -> None:
    ask(loop, client)

    found = {model.id: model for model in loop.run(client.models(), 10)}

    assert found.keys() == {
        "gemma2:9b",
        "qwen3:8b",
        "llava:latest",
        "nomic-embed-text:latest",
        "codellama:code",
        "gpt-oss:120b-cloud",
    }
    gemma = found["gemma2:9b"]
    assert gemma.connection == "ollama"
    assert gemma.size == GEMMA.size
    assert gemma.parameters == 9_200_000_000
    assert (gemma.family, gemma.quantisation) == ("gemma2", "Q4_K_M")
    assert gemma.modified == 1793829409.277302
    assert gemma.memory == GEMMA.size + 1_000_000
    assert found["qwen3:8b"].memory == 0
    assert gemma.passes_to == ""


def test_a_model_that_others_answer_for_ollama_is_marked(
    loop: ServerLoop, client: OllamaClient
) -> None:
    listed = {model.id: model.passes_to for model in loop.run(client.models(), 10)}

    assert listed["gpt-oss:120b-cloud"] == "ollama.com"
    assert loop.run(client.details("gpt-oss:120b-cloud"), 10).passes_to == "ollama.com"


def test_where_nothing_may_leave_no_model_that_others_answer_is_asked(
    loop: ServerLoop, ollama: OllamaServer
) -> None:
    hosts = []

    def refuse(host: str) -> None:
        hosts.append(host)
        raise Offline(Text("Lapis is offline"), Text("hint"))

    client = client_of(ollama.address, check_host=refuse)

    assert isinstance(ask(loop, client, model="gpt-oss:120b-cloud").error(), Offline)
    with pytest.raises(Offline):
        loop.run(client.embed("gpt-oss:120b-cloud", ["one"]), 10)
    assert ask(loop, client).text == GEMMA.reply
    assert hosts == ["ollama.com"] * 2
    assert {request.path for request in ollama.log} == {"/api/show", "/api/chat"}
    assert len(ollama.asked("/api/chat")) == 1
    loop.run(client.close(), 10)


@pytest.mark.parametrize(
    ("name", "host", "passes_to"),
    [
        ("a:1b", "", ""),
        ("a:1b-cloud", "", "ollama.com"),
        ("a:cloud", "", "ollama.com"),
        ("a:1b", "http://somebody@10.0.0.7:11434/x", "10.0.0.7:11434"),
        ("a:1b", "10.0.0.7:443", "10.0.0.7:443"),
        ("a:1b", "///", "?"),
    ],
)
def test_who_answers_for_ollama_is_read_from_what_it_tells(
    loop: ServerLoop, name: str, host: str, passes_to: str
) -> None:
    with OllamaServer([OllamaModel(name, remote_host=host)]) as ollama:
        client = client_of(ollama.address)

        assert loop.run(client.models(), 10)[0].passes_to == passes_to
        loop.run(client.close(), 10)


def test_details_tell_what_a_model_can(loop: ServerLoop, client: OllamaClient) -> None:
    thinker = loop.run(client.details("qwen3:8b"), 10)
    embedder = loop.run(client.details("nomic-embed-text"), 10)
    gemma = loop.run(client.details("gemma2:9b"), 10)

    assert (thinker.thinks, thinker.calls_tools, thinker.sees, thinker.embeds) == (
        True,
        True,
        False,
        False,
    )
    assert (embedder.embeds, embedder.context) == (True, 32)
    assert (gemma.context, gemma.parameters) == (8192, 9_241_705_984)
    assert loop.run(client.details("llava"), 10).sees is True


@pytest.mark.parametrize("what", ["details", "ask", "delete", "unload"])
def test_a_model_that_is_not_there_is_named(
    loop: ServerLoop, client: OllamaClient, what: str
) -> None:
    if what == "ask":
        error = ask(loop, client, model="none:1b").error()
    else:
        with pytest.raises(ModelNotServed) as raised:
            loop.run(getattr(client, what)("none:1b"), 10)
        error = raised.value

    assert isinstance(error, ModelNotServed)
    assert str(error.title) == "Ollama has no model none:1b"


def test_what_cannot_be_fetched_is_looked_for_where_it_comes_from(
    loop: ServerLoop, client: OllamaClient
) -> None:
    async def fetch() -> None:
        async for _ in client.pull("none:1b"):
            pass

    with pytest.raises(ModelNotServed) as raised:
        loop.run(fetch(), 10)

    assert "ollama.com/library" in str(raised.value.hint)


def test_the_version_is_told(loop: ServerLoop, client: OllamaClient) -> None:
    assert loop.run(client.version(), 10) == "0.33.3"


def test_texts_become_vectors(loop: ServerLoop, client: OllamaClient, ollama: OllamaServer) -> None:
    told = loop.run(client.embed("nomic-embed-text", ["one", "two"]), 10)
    first, second = told.vectors

    assert told.tokens == 2
    assert len(first) == len(second) == 4
    assert first != second
    assert first.typecode == "f"
    assert body(ollama, "/api/embed")["truncate"] is False


def test_a_text_that_is_too_long_for_a_vector_is_refused(
    loop: ServerLoop, client: OllamaClient
) -> None:
    with pytest.raises(ContextOverflow):
        loop.run(client.embed("nomic-embed-text", ["word " * 100]), 10)


def test_a_model_without_vectors_says_so(loop: ServerLoop, client: OllamaClient) -> None:
    with pytest.raises(NotSupported, match="cannot turn texts into vectors"):
        loop.run(client.embed("gemma2:9b", ["one"]), 10)


def test_a_model_is_unloaded(loop: ServerLoop, client: OllamaClient, ollama: OllamaServer) -> None:
    ask(loop, client)
    assert list(ollama.loaded) == [GEMMA]

    ServerBackend(loop, client, "gemma2:9b").unload()

    wait_for(lambda: not ollama.loaded)


def test_a_model_is_deleted(loop: ServerLoop, client: OllamaClient, ollama: OllamaServer) -> None:
    loop.run(client.delete("gemma2:9b"), 10)

    assert ollama.find("gemma2:9b") is None


def test_a_model_is_fetched_and_how_far_it_is_adds_up(loop: ServerLoop) -> None:
    with OllamaServer(library=[GEMMA]) as ollama:
        client = client_of(ollama.address)

        steps = list(loop.each(client.pull("gemma2:9b"), threading.Event()))

        assert steps[0].step == "pulling manifest"
        assert steps[-1].step == "success"
        done = [step.done for step in steps]
        assert done == sorted(done)
        assert (steps[-1].done, steps[-1].total) == (GEMMA.size, GEMMA.size)
        assert any(step.bytes_per_second > 0 for step in steps)
        assert ollama.find("gemma2:9b") == GEMMA
        loop.run(client.close(), 10)


def test_how_far_a_fetching_is_never_goes_back_or_beyond() -> None:
    moments = iter([10.0, 12.0, 13.0, 14.0, 15.0])
    pull = Pull(lambda: next(moments))
    lines: list[dict[str, object]] = [
        {"status": "pulling a", "digest": "a", "total": 100, "completed": 40},
        {"status": "pulling a", "digest": "a", "total": 100, "completed": 60},
        {"status": "pulling a", "digest": "a", "total": 100},
        {"status": "pulling b", "digest": "b", "total": "50", "completed": 10},
        {"status": "pulling a\x1b[31m", "digest": "a", "total": 100, "completed": 900},
    ]

    steps = [pull.progress(line) for line in lines]

    assert [(step.done, step.total) for step in steps] == [
        (40, 100),
        (60, 100),
        (60, 100),
        (60, 100),
        (100, 100),
    ]
    # The first 40 were there before.
    assert [step.bytes_per_second for step in steps] == [0.0, 10.0, 20 / 3, 5.0, 12.0]
    assert steps[4].step == "pulling a\ufffd[31m"
    assert not pull.is_done


def test_fetching_stops_with_whoever_wanted_it(loop: ServerLoop) -> None:
    with OllamaServer(library=[GEMMA]) as ollama:
        ollama.faults.silent_after = 4
        client, cancel = client_of(ollama.address), threading.Event()

        for step in loop.each(client.pull("gemma2:9b"), cancel):
            if step.done:
                cancel.set()

        wait_for(ollama.asked("/api/pull")[0].left.is_set)
        assert ollama.find("gemma2:9b") is None
        loop.run(client.close(), 10)


def test_what_no_library_has_cannot_be_fetched(loop: ServerLoop, client: OllamaClient) -> None:
    with pytest.raises(ModelNotServed, match="none:1b"):
        list(loop.each(client.pull("none:1b"), threading.Event()))


@pytest.mark.parametrize(
    ("kind", "name", "leaves_to"),
    [
        (ServerKind.OLLAMA, "gpt-oss:120b-cloud", "ollama.com"),
        (ServerKind.OLLAMA, "gemma2:9b", ""),
        (ServerKind.OPENAI, "our-cloud", ""),
    ],
)
def test_a_name_of_the_cloud_is_marked_before_anybody_was_asked(
    kind: ServerKind, name: str, leaves_to: str
) -> None:
    connection = Connection(kind, "near", "http://127.0.0.1:11434")

    assert installed(connection, ServedModel("near", name)).leaves_to == leaves_to


# The real one.


@pytest.fixture
def real(loop: ServerLoop) -> Iterator[OllamaClient]:
    address = os.environ.get("OLLAMA_HOST", "")
    if not address:
        pytest.skip("OLLAMA_HOST is not set")
    client = client_of(address if "://" in address else f"http://{address}")
    try:
        models = loop.run(client.models(), 5)
    except UserFixable:
        pytest.skip("no Ollama answers at OLLAMA_HOST")
    if not models:
        pytest.skip("Ollama has no models")
    yield client
    loop.run(client.close(), 10)


def test_the_real_one_answers(loop: ServerLoop, real: OllamaClient) -> None:
    smallest = min(loop.run(real.models(), 30), key=lambda model: model.size)
    details = loop.run(real.details(smallest.id), 30)
    backend, heard = ServerBackend(loop, real, smallest.id, 2048), Heard()
    sampling = Sampling(temperature=0.0, seed=1, max_tokens=16)

    backend.submit(ChatRequest((SKY,), sampling), heard)

    assert heard.reason(300) in {StopReason.STOP, StopReason.LENGTH}
    assert heard.text or heard.thinking
    assert heard.usage().prompt_tokens > 0
    assert details.context > 0


def test_the_real_one_refuses_what_does_not_fit(loop: ServerLoop, real: OllamaClient) -> None:
    smallest = min(loop.run(real.models(), 30), key=lambda model: model.size)
    backend, heard = ServerBackend(loop, real, smallest.id, 512), Heard()

    backend.submit(ChatRequest((*LONG, SKY), Sampling(max_tokens=8)), heard)

    end = heard.end(300)
    assert heard.notices or isinstance(heard.error(), ContextOverflow), end
