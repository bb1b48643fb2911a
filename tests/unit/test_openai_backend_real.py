"""The backend for OpenAI-compatible servers against a real one: llama-cpp-python's own."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.backends.openai import OpenAIClient
from desktop.backends.server_backend import ServerBackend
from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    Grammar,
    GrammarKind,
    Message,
    Role,
    Sampling,
    StopReason,
    TextDelta,
    TokenChosen,
)
from desktop.domain.errors import AccessDenied, ModelNotServed, ServerFault, Unreachable
from tests import gguf_files
from tests.harness.llama_server import LlamaServer, llama_server
from tests.harness.models import Models
from tests.unit.openai_backend_room import (
    GREEDY,
    asked,
    client_of,
    end_of,
    question,
    text_of,
    with_client,
)

KEY = "sk-a-key-of-the-tests"
SCHEMA = json.dumps(
    {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    folder = tmp_path_factory.mktemp("served")
    model = gguf_files.write_llama(folder / "tiny.gguf")
    with llama_server(model, folder, key=KEY) as running:
        yield running


def test_models_are_listed_as_the_server_tells(server: LlamaServer) -> None:
    models = with_client(server.address, OpenAIClient.models, KEY)

    assert [(model.connection, model.id) for model in models] == [("tests", "tiny")]


def test_details_of_a_model_that_is_not_there_are_refused_in_words(server: LlamaServer) -> None:
    with pytest.raises(ModelNotServed, match="gemma"):
        with_client(server.address, lambda client: client.details("gemma"), KEY)


def test_an_answer_streams_and_ends_at_its_limit(server: LlamaServer) -> None:
    events = asked(server.address, question("Hello"), key=KEY)

    assert sum(isinstance(event, TextDelta) for event in events) > 2
    assert end_of(events).reason is StopReason.LENGTH


def test_one_line_serves_one_question_after_the_other(server: LlamaServer) -> None:
    before = len(_ports(server))
    asked(server.address, question("Hello"), question("Hello"), question("Hello"), key=KEY)

    assert len(set(_ports(server)[before:])) == 1


def test_the_same_seed_gives_the_same_answer_and_another_seed_another(server: LlamaServer) -> None:
    first, again, other = (
        text_of(
            asked(server.address, question("Hello", Sampling(seed=seed, max_tokens=12)), key=KEY)
        )
        for seed in (7, 7, 8)
    )

    assert first == again != other


def test_a_stop_string_ends_the_answer_before_it(server: LlamaServer) -> None:
    whole = text_of(asked(server.address, question("Hello"), key=KEY))
    word = whole.split()[1]
    events = asked(server.address, question("Hello", replace(GREEDY, stop=(word,))), key=KEY)

    assert text_of(events).rstrip() == whole.partition(word)[0].rstrip()
    assert end_of(events).reason is StopReason.STOP


def test_a_schema_shapes_the_answer_where_the_newer_way_is_refused(server: LlamaServer) -> None:
    request = replace(
        question("Is it?", Sampling(temperature=0, max_tokens=64)),
        grammar=Grammar(GrammarKind.JSON_SCHEMA, SCHEMA),
    )
    # Asked twice by one client: what was refused is remembered.
    events = asked(server.address, request, request, key=KEY)

    assert isinstance(json.loads(text_of(events))["ok"], bool)


def test_a_grammar_of_llama_cpp_shapes_the_answer(server: LlamaServer) -> None:
    request = replace(
        question("Is it?"), grammar=Grammar(GrammarKind.GBNF, 'root ::= "yes" | "no"')
    )

    assert text_of(asked(server.address, request, key=KEY)) in {"yes", "no"}


def test_a_raw_prompt_is_gone_on_with_until_the_context_is_full(server: LlamaServer) -> None:
    events = asked(server.address, ChatRequest(prompt="Once", sampling=Sampling(seed=1)), key=KEY)

    # Sixteen tokens are what such servers write where they are told no limit.
    assert sum(isinstance(event, TextDelta) for event in events) > 20
    assert end_of(events).reason is StopReason.LENGTH


@pytest.mark.parametrize("request_", [question("Hello"), ChatRequest(prompt="Hi", sampling=GREEDY)])
def test_chances_of_tokens_are_told(
    tmp_path_factory: pytest.TempPathFactory, server: LlamaServer, request_: ChatRequest
) -> None:
    events = asked(server.address, replace(request_, logprobs=2), key=KEY)
    chosen = [event for event in events if isinstance(event, TokenChosen)]

    assert len(chosen) >= 2
    assert all(len(token.top) >= 2 and token.chosen.logprob <= 0 for token in chosen)


def test_a_wrong_key_and_none_are_told_apart(server: LlamaServer) -> None:
    with pytest.raises(AccessDenied, match="does not accept the key"):
        asked(server.address, question("Hello"), key="sk-wrong")
    with pytest.raises(AccessDenied, match="wants a key"):
        asked(server.address, question("Hello"))


def test_a_stream_that_ends_without_an_answer_is_said_to_be_none(server: LlamaServer) -> None:
    # So this server ends where the question is longer than its context.
    with pytest.raises(ServerFault, match="without an answer"):
        asked(server.address, question("word " * 2000), key=KEY)


def test_a_stopped_answer_ends_at_once_and_the_server_takes_the_next(server: LlamaServer) -> None:
    loop = ServerLoop()
    client = client_of(server.address, KEY)
    backend = ServerBackend(loop, client, "tiny")
    heard: list[Event] = []
    begun, ended = threading.Event(), threading.Event()

    def listen(event: Event) -> None:
        heard.append(event)
        if isinstance(event, TextDelta):
            begun.set()
        if isinstance(event, Finished | Failed):
            ended.set()

    number = backend.submit(question("Hello", Sampling(seed=1)), listen)
    assert begun.wait(60)
    backend.cancel(number)
    assert ended.wait(60)
    assert end_of(heard).reason is StopReason.STOPPED

    ended.clear()
    backend.submit(question("Hello"), listen)
    assert ended.wait(60)
    assert end_of(heard[heard.index(heard[-1]) :]).reason is StopReason.LENGTH
    backend.close()
    loop.run(client.close(), 10)
    loop.close()


def test_a_server_killed_in_the_middle_of_an_answer_leaves_what_came(
    models: Models, tmp_path: Path
) -> None:
    loop = ServerLoop()
    heard: list[Event] = []
    ended = threading.Event()
    with llama_server(models.llama, tmp_path) as killed:
        client = client_of(killed.address)

        def listen(event: Event) -> None:
            heard.append(event)
            if isinstance(event, TextDelta):
                killed.process.kill()
            if isinstance(event, Finished | Failed):
                ended.set()

        ServerBackend(loop, client, "tiny").submit(question("Hello", Sampling(seed=1)), listen)
        assert ended.wait(60)
    loop.run(client.close(), 10)
    loop.close()

    assert text_of(heard)
    assert isinstance(heard[-1], Failed)
    assert isinstance(heard[-1].error, Unreachable)


def test_texts_become_vectors_in_their_order(models: Models, tmp_path: Path) -> None:
    with llama_server(models.bert, tmp_path, "--embedding", "true") as embedder:
        texts = ["a cat", "a house", "a cat"]
        told = with_client(embedder.address, lambda client: client.embed("tiny", texts))

    vectors = told.vectors
    assert told.tokens >= len(texts)
    assert vectors[0].tolist() == pytest.approx(vectors[2].tolist(), abs=1e-4)
    assert vectors[0].tolist() != pytest.approx(vectors[1].tolist(), abs=1e-4)


def test_an_answer_is_gone_on_with(server: LlamaServer) -> None:
    turns = (Message(Role.USER, "Hello"), Message(Role.ASSISTANT, "Well"))
    request = ChatRequest(turns, GREEDY, continue_answer=True)

    assert text_of(asked(server.address, request, key=KEY))


def _ports(server: LlamaServer) -> list[str]:
    """Return from which port each question came."""
    return re.findall(r"127\.0\.0\.1:(\d+) - \"POST", server.log.read_text())
