"""Questions of the real `ollama` library, answered by real llama.cpp behind the local server."""

import json
import os
import signal
from array import array
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.services.model_turns import Wanted
from tests import gguf_files
from tests.harness.api_room import api_room, installed
from tests.harness.waiting import wait_for
from tests.unit.ollama_client import (
    HI,
    LOT,
    babbler_in,
    client_of,
    refused,
    searcher_in,
    talker_in,
    window_answer,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def babbler(folder: Path) -> InstalledModel:
    return babbler_in(folder)


@pytest.fixture(scope="module")
def talker(folder: Path) -> InstalledModel:
    return talker_in(folder)


@pytest.fixture(scope="module")
def searcher(folder: Path) -> InstalledModel:
    return searcher_in(folder)


def test_the_same_seed_gives_the_answer_of_the_window(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    sampling = Sampling(temperature=1.1, top_k=0, max_tokens=40)
    with (
        api_room(tmp_path, [babbler], settings=Settings(sampling=sampling)) as room,
        client_of(room) as client,
    ):
        turns = (Message(Role.SYSTEM, "Be kind."), Message(Role.USER, "Hi"))
        seeded = Sampling(temperature=1.1, top_k=0, max_tokens=40, seed=11)
        shown = window_answer(room, ChatRequest(turns, seeded), "babbler")
        asked: list[Any] = [{"role": turn.role.value, "content": turn.content} for turn in turns]

        whole = client.chat("babbler", asked, options={"seed": 11})
        pieces = list(client.chat("babbler", asked, options={"seed": 11}, stream=True))
        single = client.generate("babbler", "Hi", system="Be kind.", options={"seed": 11})
        lines = list(
            client.generate("babbler", "Hi", system="Be kind.", options={"seed": 11}, stream=True)
        )

        assert whole.message.content == shown
        assert "".join(piece.message.content or "" for piece in pieces) == shown
        assert single.response == "".join(line.response or "" for line in lines) == shown
        assert client.chat("babbler", asked, options={"seed": 12}).message.content != shown
        assert (whole.done, whole.done_reason, whole.eval_count) == (True, "length", 40)
        assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]
        for end in (whole, pieces[-1], single, lines[-1]):
            assert end.prompt_eval_count
            assert end.total_duration is not None
            assert end.total_duration >= (end.eval_duration or 0) > 0


def test_an_answer_ends_for_the_reason_that_is_told(tmp_path: Path, talker: InstalledModel) -> None:
    with api_room(tmp_path, [talker]) as room, client_of(room) as client:
        by_itself = client.chat("talker.Q4", HI)
        at_a_text = client.chat("talker.Q4", HI, options={"stop": ["blue"]})
        at_a_limit = client.generate("talker.Q4", "Hi", options={"num_predict": 2})
        assert (by_itself.message.content, by_itself.done_reason) == ("Lapis is blue.", "stop")
        assert (at_a_text.message.content, at_a_text.done_reason) == ("Lapis is ", "stop")
        assert (at_a_limit.done_reason, at_a_limit.eval_count) == ("length", 2)


def test_an_answer_that_was_begun_is_gone_on_with(tmp_path: Path, babbler: InstalledModel) -> None:
    sampling = Sampling(temperature=0, max_tokens=12, seed=1)
    turns = (Message(Role.USER, "Hi"), Message(Role.ASSISTANT, "Once"))
    with api_room(tmp_path, [babbler]) as room, client_of(room) as client:
        shown = window_answer(room, ChatRequest(turns, sampling, continue_answer=True), "babbler")
        begun = [*HI, {"role": "assistant", "content": "Once"}]
        options = {"temperature": 0, "num_predict": 12, "seed": 1}
        assert client.chat("babbler", begun, options=options).message.content == shown


def test_chances_are_told_beside_the_text(tmp_path: Path, talker: InstalledModel) -> None:
    with api_room(tmp_path, [talker]) as room, client_of(room) as client:
        whole = client.chat("talker.Q4", HI, logprobs=True, top_logprobs=2)
        pieces = list(client.generate("talker.Q4", "Hi", logprobs=True, stream=True))
        assert whole.logprobs
        assert "".join(each.token for each in whole.logprobs) == "Lapis is blue."
        assert all(len(each.top_logprobs or ()) == 2 for each in whole.logprobs)
        told = [each.token for piece in pieces for each in piece.logprobs or ()]
        assert "".join(told) == "Lapis is blue."
        assert client.chat("talker.Q4", HI).logprobs is None


def test_texts_are_gone_on_with_and_filled_in(tmp_path: Path, babbler: InstalledModel) -> None:
    options = {"temperature": 0, "num_predict": 12, "seed": 1}
    sampling = Sampling(temperature=0, max_tokens=12, seed=1)
    with api_room(tmp_path, [babbler]) as room, client_of(room) as client:
        raw = ChatRequest(prompt="Once", prompt_special=True, sampling=sampling)
        between = ChatRequest(prompt="def f(", suffix="return", sampling=sampling)
        asked = client.generate("babbler", "Once", raw=True, options=options)
        filled = client.generate("babbler", "def f(", suffix="return", options=options)
        assert asked.response == window_answer(room, raw, "babbler")
        assert filled.response == window_answer(room, between, "babbler")
        assert asked.response != filled.response


def test_an_answer_has_the_shape_that_is_asked_for(tmp_path: Path, babbler: InstalledModel) -> None:
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer"}, "kind": {"enum": ["cat", "dog"]}},
        "required": ["age", "kind"],
        "additionalProperties": False,
    }
    with api_room(tmp_path, [babbler]) as room, client_of(room) as client:
        shaped = client.chat("babbler", HI, format=schema, options={"seed": 1})
        loose = client.generate("babbler", "Hi", format="json", options={"seed": 3, **LOT})
        jsonschema.validate(json.loads(shaped.message.content or ""), schema)
        if loose.done_reason == "stop":
            assert isinstance(json.loads(loose.response or ""), dict)
        assert (loose.response or "").startswith("{")


def test_shapes_that_cannot_be_are_refused_and_the_engine_lives_on(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(45):
        deep = {"type": "array", "items": deep}
    bad: list[Any] = [
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"type": "string", "pattern": "(" * 5_000},
        {"type": "array", "items": {"type": "string"}, "minItems": 10**7},
        {"type": "object", "properties": {f"p{i}": {} for i in range(100_000)}},
        {"properties": {f"p{i}": deep for i in range(200)}},
    ]
    with api_room(tmp_path, [babbler]) as room, client_of(room) as client:
        client.generate("babbler", "Hi", options={"num_predict": 1})
        pid = room.engine.engine_pid()
        running = client.chat("babbler", HI, stream=True, options=LOT)
        next(running)
        for schema in bad:
            error = refused(partial(client.chat, "babbler", HI, format=schema))
            assert error.status_code in {400, 413}, (schema, error)
        assert room.engine.engine_pid() == pid
        assert [piece.done_reason for piece in running][-1] == "length"


def test_a_tool_is_called_and_its_result_read(tmp_path: Path, folder: Path) -> None:
    said = '<tool_call>{"name": "add", "arguments": {"a": 1, "b": 2}}</tool_call>'
    caller = installed(gguf_files.write_llama(folder / "caller.gguf", answer=said, stops=True))

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    with api_room(tmp_path, [caller]) as room, client_of(room) as client:
        whole = client.chat("caller", HI, tools=[add])
        pieces = list(client.chat("caller", HI, tools=[add], stream=True))
        streamed = [call for piece in pieces for call in piece.message.tool_calls or ()]
        assert not whole.message.content
        assert whole.message.tool_calls is not None
        for calls in (whole.message.tool_calls, streamed):
            assert [(call.function.name, call.function.arguments) for call in calls] == [
                ("add", {"a": 1, "b": 2})
            ]
        history: list[Any] = [
            *HI,
            whole.message,
            {"role": "tool", "tool_name": "add", "content": "3"},
        ]
        assert client.chat("caller", history).message.content == said, "without tools it is text"


def test_thinking_comes_apart_from_the_answer(tmp_path: Path, folder: Path) -> None:
    template = gguf_files.CHATML.replace("assistant\n' }}", "assistant\n<think>' }}")
    path = gguf_files.write_llama(
        folder / "thinker.gguf", answer="Blue?</think>Yes.", stops=True, template=template
    )
    with api_room(tmp_path, [installed(path)]) as room, client_of(room) as client:
        assert "thinking" in (client.show("thinker").capabilities or ())
        whole = client.chat("thinker", HI, think=True)
        pieces = list(client.generate("thinker", "Hi", think=True, stream=True))
        assert (whole.message.thinking, whole.message.content) == ("Blue?", "Yes.")
        assert "".join(piece.thinking or "" for piece in pieces) == "Blue?"
        assert "".join(piece.response or "" for piece in pieces) == "Yes."


def test_texts_become_vectors(tmp_path: Path, searcher: InstalledModel) -> None:
    with api_room(tmp_path, [searcher]) as room, client_of(room) as client:
        several = client.embed("searcher", ["a cat", "a dog"])
        own = room.engine.embed(["a cat", "a dog"], wanted=Wanted(searcher))
        assert [array("f", vector) for vector in several.embeddings] == list(own.rows)
        assert several.prompt_eval_count == own.tokens > 0
        single = client.embed("searcher", "a cat").embeddings
        assert single == [several.embeddings[0]]
        assert client.embeddings("searcher", "a cat").embedding == several.embeddings[0]
        short = client.embed("searcher", "a cat", dimensions=8).embeddings[0]
        assert len(short) == 8
        assert sum(value * value for value in short) == pytest.approx(1)
        assert client.embed("searcher", []).embeddings == []
        error = refused(lambda: client.chat("searcher", HI))
        assert error.status_code == 400


def test_a_text_too_long_for_a_vector_loses_its_end_unless_that_is_forbidden(
    tmp_path: Path, searcher: InstalledModel
) -> None:
    long = "the cat and the dog " * 2_000
    with api_room(tmp_path, [searcher]) as room, client_of(room) as client:
        assert len(client.embed("searcher", [long, "a cat"]).embeddings) == 2
        error = refused(lambda: client.embed("searcher", long, truncate=False))
        assert error.status_code == 400
        assert "512" in error.error


def test_eight_at_once_get_each_their_own_answer(tmp_path: Path, babbler: InstalledModel) -> None:
    def ask(number: int) -> str:
        schema = {"type": "object", "properties": {"me": {"const": f"client-{number}"}}}
        shape = {**schema, "required": ["me"], "additionalProperties": False}
        with client_of(room) as client:
            pieces = client.chat("babbler", HI, stream=True, format=shape)
            return "".join(piece.message.content or "" for piece in pieces)

    with api_room(tmp_path, [babbler]) as room, ThreadPoolExecutor(8) as pool:
        answers = [json.loads(answer) for answer in pool.map(ask, range(8))]
    assert answers == [{"me": f"client-{number}"} for number in range(8)]


def test_a_client_that_leaves_stops_its_answer(tmp_path: Path, babbler: InstalledModel) -> None:
    with api_room(tmp_path, [babbler]) as room:
        with client_of(room) as client:
            answer = client.chat("babbler", HI, stream=True, options={"num_predict": 100_000})
            next(answer)
            assert room.engine.is_busy
        wait_for(lambda: not room.engine.is_busy)


def test_a_failure_in_the_middle_is_told_and_what_came_stays(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    with api_room(tmp_path, [babbler]) as room, client_of(room) as client:
        answer = client.chat("babbler", HI, stream=True, options={"num_predict": 100_000})
        came = next(answer).message.content
        pid = room.engine.engine_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        error = refused(lambda: list(answer))
        assert came
        assert "engine" in error.error
        assert "/" not in error.error
        assert client.chat("babbler", HI, options={"num_predict": 1}).done
