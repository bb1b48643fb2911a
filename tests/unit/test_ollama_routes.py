"""The real `ollama` library talks to the local server, which has real llama.cpp and tiny models."""

import base64
import json
import os
import signal
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import ollama
import pytest

from desktop.base.paths import paths_under
from desktop.config.secrets import Secrets
from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.domain.engine import Phase
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.services.connections import Connections
from desktop.services.model_turns import Wanted
from tests import gguf_files
from tests.harness.api_room import KEY, ApiRoom, api_room, installed
from tests.harness.ollama import OllamaModel, OllamaServer
from tests.harness.waiting import wait_for
from tests.unit.engine_room import Answer

_HI = [{"role": "user", "content": "Hi"}]
_LOT = {"num_predict": 1500}


@contextmanager
def _client(room: ApiRoom) -> Iterator[ollama.Client]:
    headers = {"Authorization": f"Bearer {KEY}"}
    client = ollama.Client(room.address, headers=headers, trust_env=False, timeout=60)
    with client:
        yield client


def _refused(ask: Callable[[], object]) -> ollama.ResponseError:
    with pytest.raises(ollama.ResponseError) as caught:
        ask()
    return caught.value


def _window(room: ApiRoom, request: ChatRequest, model: str) -> str:
    """Return what the window would show for `request`."""
    answer = Answer()
    room.engine.ask(request, answer.take, Wanted(room.model(model)))
    return answer.wait().text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def babbler(folder: Path) -> InstalledModel:
    # Any three tokens do as marks of what is to be filled in.
    marks = {f"tokenizer.ggml.fim_{place}_token_id": 40 + i for i, place in enumerate(_MARKS)}
    return installed(gguf_files.write_llama(folder / "babbler.gguf", extra=marks))


_MARKS = ("pre", "suf", "mid")


@pytest.fixture(scope="module")
def talker(folder: Path) -> InstalledModel:
    path = folder / "talker.Q4.gguf"
    return installed(gguf_files.write_llama(path, answer="Lapis is blue.", stops=True))


@pytest.fixture(scope="module")
def searcher(folder: Path) -> InstalledModel:
    return installed(gguf_files.write_bert(folder / "searcher.gguf"))


def test_models_are_listed_as_ollama_lists_them(
    tmp_path: Path, babbler: InstalledModel, talker: InstalledModel, searcher: InstalledModel
) -> None:
    with api_room(tmp_path, [talker, babbler, searcher]) as room, _client(room) as client:
        models = client.list().models
        assert [model.model for model in models] == [
            "talker.Q4:latest",
            "babbler:latest",
            "searcher:latest",
        ]
        assert [model.size for model in models] == [talker.size, babbler.size, searcher.size]
        assert len({model.digest for model in models}) == 3
        assert all(model.digest and len(model.digest) == 64 for model in models)
        first = models[0]
        assert first.details is not None
        assert (first.details.family, first.details.quantization_level) == ("llama", "F32")
        assert first.modified_at is not None
        assert first.modified_at.timestamp() == pytest.approx(talker.path.stat().st_mtime, abs=1)
        assert room.engine.state.phase is Phase.IDLE, "a list loads nothing"


def test_a_model_is_shown_under_its_name_with_and_without_latest(
    tmp_path: Path, babbler: InstalledModel, searcher: InstalledModel
) -> None:
    settings = Settings(sampling=Sampling(temperature=0.25))
    with (
        api_room(tmp_path, [babbler, searcher], settings=settings) as room,
        _client(room) as client,
    ):
        shown = client.show("Babbler:latest")
        assert shown.modelinfo == client.show("babbler").modelinfo
        assert shown.modelinfo is not None
        assert shown.modelinfo["general.architecture"] == "llama"
        assert shown.modelinfo["llama.context_length"] == 2048
        assert shown.parameters is not None
        assert "temperature                    0.25" in shown.parameters.splitlines()
        assert shown.capabilities == ["completion", "tools", "insert"]
        assert client.show("searcher").capabilities == ["embedding"]
        error = _refused(lambda: client.show("nobody"))
        assert error.status_code == 404
        assert "nobody" in error.error


@pytest.mark.parametrize("name", ["../babbler", "/etc/passwd", "babbler.gguf/../babbler", "bab"])
def test_a_name_never_becomes_a_path(tmp_path: Path, babbler: InstalledModel, name: str) -> None:
    with api_room(tmp_path, [babbler]) as room, _client(room) as client:
        for wanted in (name, str(babbler.path)):
            error = _refused(partial(client.chat, wanted, _HI))
            assert error.status_code == 404
            assert str(babbler.path.parent) not in error.error
        assert room.engine.state.phase is Phase.IDLE


def test_the_same_seed_gives_the_answer_of_the_window(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    sampling = Sampling(temperature=1.1, top_k=0, max_tokens=40)
    with (
        api_room(tmp_path, [babbler], settings=Settings(sampling=sampling)) as room,
        _client(room) as client,
    ):
        turns = (Message(Role.SYSTEM, "Be kind."), Message(Role.USER, "Hi"))
        seeded = Sampling(temperature=1.1, top_k=0, max_tokens=40, seed=11)
        shown = _window(room, ChatRequest(turns, seeded), "babbler")
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
    with api_room(tmp_path, [talker]) as room, _client(room) as client:
        by_itself = client.chat("talker.Q4", _HI)
        at_a_text = client.chat("talker.Q4", _HI, options={"stop": ["blue"]})
        at_a_limit = client.generate("talker.Q4", "Hi", options={"num_predict": 2})
        assert (by_itself.message.content, by_itself.done_reason) == ("Lapis is blue.", "stop")
        assert (at_a_text.message.content, at_a_text.done_reason) == ("Lapis is ", "stop")
        assert (at_a_limit.done_reason, at_a_limit.eval_count) == ("length", 2)


def test_an_answer_that_was_begun_is_gone_on_with(tmp_path: Path, babbler: InstalledModel) -> None:
    sampling = Sampling(temperature=0, max_tokens=12, seed=1)
    turns = (Message(Role.USER, "Hi"), Message(Role.ASSISTANT, "Once"))
    with api_room(tmp_path, [babbler]) as room, _client(room) as client:
        shown = _window(room, ChatRequest(turns, sampling, continue_answer=True), "babbler")
        begun = [*_HI, {"role": "assistant", "content": "Once"}]
        options = {"temperature": 0, "num_predict": 12, "seed": 1}
        assert client.chat("babbler", begun, options=options).message.content == shown


def test_chances_are_told_beside_the_text(tmp_path: Path, talker: InstalledModel) -> None:
    with api_room(tmp_path, [talker]) as room, _client(room) as client:
        whole = client.chat("talker.Q4", _HI, logprobs=True, top_logprobs=2)
        pieces = list(client.generate("talker.Q4", "Hi", logprobs=True, stream=True))
        assert whole.logprobs
        assert "".join(each.token for each in whole.logprobs) == "Lapis is blue."
        assert all(len(each.top_logprobs or ()) == 2 for each in whole.logprobs)
        told = [each.token for piece in pieces for each in piece.logprobs or ()]
        assert "".join(told) == "Lapis is blue."
        assert client.chat("talker.Q4", _HI).logprobs is None


def test_texts_are_gone_on_with_and_filled_in(tmp_path: Path, babbler: InstalledModel) -> None:
    options = {"temperature": 0, "num_predict": 12, "seed": 1}
    sampling = Sampling(temperature=0, max_tokens=12, seed=1)
    with api_room(tmp_path, [babbler]) as room, _client(room) as client:
        raw = ChatRequest(prompt="Once", prompt_special=True, sampling=sampling)
        between = ChatRequest(prompt="def f(", suffix="return", sampling=sampling)
        asked = client.generate("babbler", "Once", raw=True, options=options)
        filled = client.generate("babbler", "def f(", suffix="return", options=options)
        assert asked.response == _window(room, raw, "babbler")
        assert filled.response == _window(room, between, "babbler")
        assert asked.response != filled.response


def test_an_answer_has_the_shape_that_is_asked_for(tmp_path: Path, babbler: InstalledModel) -> None:
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer"}, "kind": {"enum": ["cat", "dog"]}},
        "required": ["age", "kind"],
        "additionalProperties": False,
    }
    with api_room(tmp_path, [babbler]) as room, _client(room) as client:
        shaped = client.chat("babbler", _HI, format=schema, options={"seed": 1})
        loose = client.generate("babbler", "Hi", format="json", options={"seed": 3, **_LOT})
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
    with api_room(tmp_path, [babbler]) as room, _client(room) as client:
        client.generate("babbler", "Hi", options={"num_predict": 1})
        pid = room.engine.engine_pid()
        running = client.chat("babbler", _HI, stream=True, options=_LOT)
        next(running)
        for schema in bad:
            error = _refused(partial(client.chat, "babbler", _HI, format=schema))
            assert error.status_code in {400, 413}, (schema, error)
        assert room.engine.engine_pid() == pid
        assert [piece.done_reason for piece in running][-1] == "length"


def test_a_tool_is_called_and_its_result_read(tmp_path: Path, folder: Path) -> None:
    said = '<tool_call>{"name": "add", "arguments": {"a": 1, "b": 2}}</tool_call>'
    caller = installed(gguf_files.write_llama(folder / "caller.gguf", answer=said, stops=True))

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    with api_room(tmp_path, [caller]) as room, _client(room) as client:
        whole = client.chat("caller", _HI, tools=[add])
        pieces = list(client.chat("caller", _HI, tools=[add], stream=True))
        streamed = [call for piece in pieces for call in piece.message.tool_calls or ()]
        assert not whole.message.content
        assert whole.message.tool_calls is not None
        for calls in (whole.message.tool_calls, streamed):
            assert [(call.function.name, call.function.arguments) for call in calls] == [
                ("add", {"a": 1, "b": 2})
            ]
        history: list[Any] = [
            *_HI,
            whole.message,
            {"role": "tool", "tool_name": "add", "content": "3"},
        ]
        assert client.chat("caller", history).message.content == said, "without tools it is text"


def test_thinking_comes_apart_from_the_answer(tmp_path: Path, folder: Path) -> None:
    template = gguf_files.CHATML.replace("assistant\n' }}", "assistant\n<think>' }}")
    path = gguf_files.write_llama(
        folder / "thinker.gguf", answer="Blue?</think>Yes.", stops=True, template=template
    )
    with api_room(tmp_path, [installed(path)]) as room, _client(room) as client:
        assert "thinking" in (client.show("thinker").capabilities or ())
        whole = client.chat("thinker", _HI, think=True)
        pieces = list(client.generate("thinker", "Hi", think=True, stream=True))
        assert (whole.message.thinking, whole.message.content) == ("Blue?", "Yes.")
        assert "".join(piece.thinking or "" for piece in pieces) == "Blue?"
        assert "".join(piece.response or "" for piece in pieces) == "Yes."


def test_texts_become_vectors(tmp_path: Path, searcher: InstalledModel) -> None:
    with api_room(tmp_path, [searcher]) as room, _client(room) as client:
        several = client.embed("searcher", ["a cat", "a dog"])
        own = room.engine.embed(["a cat", "a dog"], wanted=Wanted(searcher))
        assert [array("f", vector) for vector in several.embeddings] == list(own)
        single = client.embed("searcher", "a cat").embeddings
        assert single == [several.embeddings[0]]
        assert client.embeddings("searcher", "a cat").embedding == several.embeddings[0]
        short = client.embed("searcher", "a cat", dimensions=8).embeddings[0]
        assert len(short) == 8
        assert sum(value * value for value in short) == pytest.approx(1)
        assert client.embed("searcher", []).embeddings == []
        error = _refused(lambda: client.chat("searcher", _HI))
        assert error.status_code == 400


def test_a_text_too_long_for_a_vector_loses_its_end_unless_that_is_forbidden(
    tmp_path: Path, searcher: InstalledModel
) -> None:
    long = "the cat and the dog " * 2_000
    with api_room(tmp_path, [searcher]) as room, _client(room) as client:
        assert len(client.embed("searcher", [long, "a cat"]).embeddings) == 2
        error = _refused(lambda: client.embed("searcher", long, truncate=False))
        assert error.status_code == 400
        assert "512" in error.error


def test_a_model_is_loaded_and_let_go_without_a_question(
    tmp_path: Path, babbler: InstalledModel, searcher: InstalledModel
) -> None:
    with api_room(tmp_path, [babbler, searcher]) as room, _client(room) as client:
        for name, ask in (
            ("babbler", lambda **more: client.generate("babbler", "", **more)),
            ("babbler", lambda **more: client.chat("babbler", [], **more)),
            ("searcher", lambda **more: client.generate("searcher", **more)),
        ):
            assert ask().done_reason == "load"
            assert room.engine.state.phase is Phase.READY
            (loaded,) = client.ps().models
            assert loaded.model == f"{name}:latest"
            assert loaded.context_length
            assert ask(keep_alive=0).done_reason == "unload"
            wait_for(lambda: room.engine.engine_pid() is None)
            assert client.ps().models == []


def test_whoever_lets_go_of_a_model_ends_nobody_elses_answer(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    with api_room(tmp_path, [babbler]) as room, _client(room) as client:
        running = client.chat("babbler", _HI, stream=True, options=_LOT)
        next(running)
        assert client.chat("babbler", _HI, keep_alive=0, options={"num_predict": 1}).done
        assert client.generate("babbler", "", keep_alive="0s").done_reason == "unload"
        assert [piece.done_reason for piece in running][-1] == "length"
        assert client.chat("babbler", _HI, keep_alive=0, options={"num_predict": 1}).done
        wait_for(lambda: room.engine.engine_pid() is None)


def test_another_model_is_loaded_when_it_is_asked_for(
    tmp_path: Path, babbler: InstalledModel, talker: InstalledModel
) -> None:
    with api_room(tmp_path, [babbler, talker]) as room, _client(room) as client:
        assert client.chat("talker.Q4", _HI).message.content == "Lapis is blue."
        assert client.chat("local-model", _HI).message.content == "Lapis is blue."
        client.chat("babbler:latest", _HI, options={"num_predict": 1})
        assert room.engine.state.model == babbler
        assert [access.model for access in room.accesses[:3]] == ["talker.Q4"] * 2 + ["babbler"]


def test_eight_at_once_get_each_their_own_answer(tmp_path: Path, babbler: InstalledModel) -> None:
    def ask(number: int) -> str:
        schema = {"type": "object", "properties": {"me": {"const": f"client-{number}"}}}
        shape = {**schema, "required": ["me"], "additionalProperties": False}
        with _client(room) as client:
            pieces = client.chat("babbler", _HI, stream=True, format=shape)
            return "".join(piece.message.content or "" for piece in pieces)

    with api_room(tmp_path, [babbler]) as room, ThreadPoolExecutor(8) as pool:
        answers = [json.loads(answer) for answer in pool.map(ask, range(8))]
    assert answers == [{"me": f"client-{number}"} for number in range(8)]


def test_a_client_that_leaves_stops_its_answer(tmp_path: Path, babbler: InstalledModel) -> None:
    with api_room(tmp_path, [babbler]) as room:
        with _client(room) as client:
            answer = client.chat("babbler", _HI, stream=True, options={"num_predict": 100_000})
            next(answer)
            assert room.engine.is_busy
        wait_for(lambda: not room.engine.is_busy)


def test_a_failure_in_the_middle_is_told_and_what_came_stays(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    with api_room(tmp_path, [babbler]) as room, _client(room) as client:
        answer = client.chat("babbler", _HI, stream=True, options={"num_predict": 100_000})
        came = next(answer).message.content
        pid = room.engine.engine_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        error = _refused(lambda: list(answer))
        assert came
        assert "engine" in error.error
        assert "/" not in error.error
        assert client.chat("babbler", _HI, options={"num_predict": 1}).done


@pytest.mark.parametrize(
    "body",
    [
        {"messages": _HI, "options": {"temperature": 99}},
        {"messages": [{"role": "nobody", "content": "x"}]},
        {"messages": "Hi"},
        {"messages": _HI, "tools": [{"type": "function"}]},
        {"messages": _HI, "think": "a lot"},
        {"messages": _HI, "keep_alive": "soon"},
        {"messages": [{**_HI[0], "images": ["aGVsbG8="]}]},
        {"messages": _HI, "model": 7},
        {"messages": _HI, "model": "x" * 300},
    ],
)
def test_what_makes_no_sense_is_refused_in_ollamas_shape_and_loads_nothing(
    tmp_path: Path, babbler: InstalledModel, body: dict[str, object]
) -> None:
    with api_room(tmp_path, [babbler]) as room:
        answer = httpx.post(
            f"{room.address}/api/chat",
            json={"model": "babbler", **body},
            headers={"Authorization": f"Bearer {KEY}"},
            trust_env=False,
        )
        assert answer.status_code == 400
        assert list(answer.json()) == ["error"]
        assert room.engine.state.phase is Phase.IDLE


def test_models_are_neither_fetched_nor_deleted_from_outside(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    with api_room(tmp_path, [babbler]) as room, _client(room) as client:
        for ask in (
            lambda: client.pull("gemma2:9b"),
            lambda: list(client.pull("gemma2:9b", stream=True)),
            lambda: client.delete("babbler"),
            lambda: client.create("mine", from_="babbler"),
            lambda: client.copy("babbler", "mine"),
            lambda: client.push("babbler"),
        ):
            error = _refused(ask)
            assert error.status_code == 501
            assert "window" in error.error
        assert babbler.path.exists()


def test_without_the_key_nothing_is_told_or_done(tmp_path: Path, babbler: InstalledModel) -> None:
    with (
        api_room(tmp_path, [babbler]) as room,
        ollama.Client(room.address, trust_env=False) as client,
    ):
        for ask in (client.list, lambda: client.chat("babbler", _HI), client.ps):
            error = _refused(ask)
            assert error.status_code == 401
            assert KEY not in error.error
        assert room.engine.state.phase is Phase.IDLE


def test_what_clients_did_is_listed_without_a_word_of_it(
    tmp_path: Path, talker: InstalledModel
) -> None:
    with api_room(tmp_path, [talker]) as room, _client(room) as client:
        canary = "kingfisher-by-the-river"
        client.chat("talker.Q4:latest", [{"role": "user", "content": canary}])
        wait_for(lambda: room.accesses)
        access = room.accesses[0]
        assert (access.route, access.model, access.status) == ("/api/chat", "talker.Q4", 200)
        assert access.prompt_tokens > 10
        assert access.completion_tokens > 3
        assert access.agent.startswith("ollama-python/")
        assert canary not in repr(room.accesses)


def test_the_documentation_has_every_route_with_what_it_takes(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    with api_room(tmp_path, [babbler]) as room:
        paths = httpx.get(f"{room.address}/openapi.json", trust_env=False).json()["paths"]
    assert {"/api/version", "/api/tags", "/api/ps"} <= paths.keys()
    for route, field in (
        *(("chat", "messages"), ("generate", "prompt"), ("embed", "input")),
        *(("embeddings", "prompt"), ("show", "model")),
    ):
        body = paths[f"/api/{route}"]["post"]["requestBody"]["content"]["application/json"]
        assert field in body["schema"]["properties"]


def test_nothing_that_clients_ask_is_kept_on_the_disk(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    # What the engine has computed holds the text it was computed from.
    states = paths_under(tmp_path).states
    long = "The cat and the dog and the bird. " * 20

    def files() -> list[Path]:
        return [path for path in states.rglob("*") if path.is_file()]

    with api_room(tmp_path, [babbler]) as room, _client(room) as client:
        question: list[Any] = [{"role": "user", "content": long}]
        client.chat("babbler", question, options={"num_predict": 8})
        client.generate("babbler", long, options={"num_predict": 8}, keep_alive=0)
        wait_for(lambda: room.engine.engine_pid() is None)
        assert files() == []
        kept = ChatRequest((Message(Role.USER, long),), Sampling(max_tokens=8))
        _window(room, kept, "babbler")
        room.engine.unload()
        wait_for(files)


def test_clients_that_look_for_ollama_find_it(tmp_path: Path, babbler: InstalledModel) -> None:
    with api_room(tmp_path, [babbler]) as room:
        version = httpx.get(
            f"{room.address}/api/version",
            headers={"Authorization": f"Bearer {KEY}"},
            trust_env=False,
        )
        assert [int(part) >= 0 for part in version.json()["version"].split(".")] == [True] * 3
        for accept in ("*/*", "application/json"):
            found = httpx.get(room.address, headers={"accept": accept}, trust_env=False)
            assert found.text == "Ollama is running"
        assert httpx.head(room.address, trust_env=False).status_code == 200
        page = httpx.get(room.address, headers={"accept": "text/html,*/*"}, trust_env=False)
        assert "<html" in page.text


def test_models_of_servers_are_asked_as_those_of_files_are(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    gemma = OllamaModel(
        "gemma2:9b",
        "From afar.",
        thinking="Hm.",
        capabilities=("completion", "vision", "thinking"),
        family="gemma2",
        size=5_443_152_417,
    )
    name, picture = "ollama:gemma2:9b", b"\x89PNG\r\n\x1a\nrest"
    with (
        OllamaServer([gemma]) as elsewhere,
        closing(_connections(elsewhere)) as connections,
    ):
        connections.refresh()
        (model,) = connections.models()
        facts = connections.details(model)
        with (
            api_room(
                tmp_path,
                [babbler, model],
                served={name: facts},
                backend=lambda chosen, n_ctx: connections.backend(chosen, n_ctx or 0),
            ) as room,
            _client(room) as client,
        ):
            listed = client.list().models[1]
            assert (listed.model, listed.size) == (name, gemma.size)
            assert listed.details is not None
            assert listed.details.parameter_size == "8.0B"
            shown = client.show(name)
            assert shown.capabilities == ["completion", "thinking", "vision"]
            assert shown.modelinfo is not None
            assert shown.modelinfo["gemma2.context_length"] == gemma.context
            question: list[Any] = [{"role": "user", "content": "See?", "images": [picture]}]
            pieces = list(client.chat(name, question, stream=True, think=True))
            assert "".join(piece.message.thinking or "" for piece in pieces) == "Hm."
            assert "".join(piece.message.content or "" for piece in pieces) == "From afar."
            assert pieces[-1].eval_count
            (asked,) = elsewhere.asked("/api/chat")
            assert asked.body["messages"][0]["images"] == [base64.b64encode(picture).decode()]
            assert KEY not in repr(elsewhere.log), "our own key stays here"
            assert room.engine.engine_pid() is None, "nothing is loaded here for it"


def test_a_server_that_dies_in_the_middle_is_told_and_what_came_stays(
    tmp_path: Path, babbler: InstalledModel
) -> None:
    with (
        OllamaServer([OllamaModel("gemma2:9b", "From afar.")]) as elsewhere,
        closing(_connections(elsewhere)) as connections,
    ):
        connections.refresh()
        (model,) = connections.models()
        elsewhere.faults.silent_after = 1
        with (
            api_room(
                tmp_path,
                [model],
                backend=lambda chosen, n_ctx: connections.backend(chosen, n_ctx or 0),
            ) as room,
            _client(room) as client,
        ):
            answer = client.chat(model.name, _HI, stream=True)
            assert next(answer).message.content
            elsewhere.close()
            error = _refused(lambda: list(answer))
            assert error.error
            late = _refused(lambda: client.chat(model.name, _HI))
            assert late.status_code == 502


def _connections(elsewhere: OllamaServer) -> Connections:
    def change(_change: Callable[[Settings], Settings]) -> None:
        raise AssertionError("nothing is set here")

    return Connections(Settings, change, Secrets(), {"OLLAMA_HOST": elsewhere.address})
