"""The real `ollama` library asks the local server about models, and is refused what it may not."""

import base64
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import ollama
import pytest

from desktop.base.paths import paths_under
from desktop.config.secrets import Secrets
from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.domain.engine import Phase
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.services.connections import Connections
from tests.harness.api_room import KEY, api_room
from tests.harness.ollama import OllamaModel, OllamaServer
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


def test_models_are_listed_as_ollama_lists_them(
    tmp_path: Path, babbler: InstalledModel, talker: InstalledModel, searcher: InstalledModel
) -> None:
    with api_room(tmp_path, [talker, babbler, searcher]) as room, client_of(room) as client:
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
        client_of(room) as client,
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
        error = refused(lambda: client.show("nobody"))
        assert error.status_code == 404
        assert "nobody" in error.error


@pytest.mark.parametrize("name", ["../babbler", "/etc/passwd", "babbler.gguf/../babbler", "bab"])
def test_a_name_never_becomes_a_path(tmp_path: Path, babbler: InstalledModel, name: str) -> None:
    with api_room(tmp_path, [babbler]) as room, client_of(room) as client:
        for wanted in (name, str(babbler.path)):
            error = refused(partial(client.chat, wanted, HI))
            assert error.status_code == 404
            assert str(babbler.path.parent) not in error.error
        assert room.engine.state.phase is Phase.IDLE


def test_a_model_is_loaded_and_let_go_without_a_question(
    tmp_path: Path, babbler: InstalledModel, searcher: InstalledModel
) -> None:
    with api_room(tmp_path, [babbler, searcher]) as room, client_of(room) as client:
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
    with api_room(tmp_path, [babbler]) as room, client_of(room) as client:
        running = client.chat("babbler", HI, stream=True, options=LOT)
        next(running)
        assert client.chat("babbler", HI, keep_alive=0, options={"num_predict": 1}).done
        assert client.generate("babbler", "", keep_alive="0s").done_reason == "unload"
        assert [piece.done_reason for piece in running][-1] == "length"
        assert client.chat("babbler", HI, keep_alive=0, options={"num_predict": 1}).done
        wait_for(lambda: room.engine.engine_pid() is None)


def test_another_model_is_loaded_when_it_is_asked_for(
    tmp_path: Path, babbler: InstalledModel, talker: InstalledModel
) -> None:
    with api_room(tmp_path, [babbler, talker]) as room, client_of(room) as client:
        assert client.chat("talker.Q4", HI).message.content == "Lapis is blue."
        client.chat("babbler:latest", HI, options={"num_predict": 1})
        assert room.engine.state.model == babbler
        room.engine.choose(talker)
        assert client.chat("local-model", HI).message.content == "Lapis is blue."
        models = ["talker.Q4", "babbler", "talker.Q4"]
        assert [access.model for access in room.accesses[:3]] == models


@pytest.mark.parametrize(
    "body",
    [
        {"messages": HI, "options": {"temperature": 99}},
        {"messages": [{"role": "nobody", "content": "x"}]},
        {"messages": "Hi"},
        {"messages": HI, "tools": [{"type": "function"}]},
        {"messages": HI, "think": "a lot"},
        {"messages": HI, "keep_alive": "soon"},
        # Read by a pattern that tries every way to part the digits, this would never end.
        {"messages": HI, "keep_alive": "1" * 200_000},
        {"messages": [{**HI[0], "images": ["aGVsbG8="]}]},
        {"messages": HI, "model": 7},
        {"messages": HI, "model": "x" * 300},
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
    with api_room(tmp_path, [babbler]) as room, client_of(room) as client:
        for ask in (
            lambda: client.pull("gemma2:9b"),
            lambda: list(client.pull("gemma2:9b", stream=True)),
            lambda: client.delete("babbler"),
            lambda: client.create("mine", from_="babbler"),
            lambda: client.copy("babbler", "mine"),
            lambda: client.push("babbler"),
        ):
            error = refused(ask)
            assert error.status_code == 501
            assert "window" in error.error
        assert babbler.path.exists()


def test_without_the_key_nothing_is_told_or_done(tmp_path: Path, babbler: InstalledModel) -> None:
    with (
        api_room(tmp_path, [babbler]) as room,
        ollama.Client(room.address, trust_env=False) as client,
    ):
        for ask in (client.list, lambda: client.chat("babbler", HI), client.ps):
            error = refused(ask)
            assert error.status_code == 401
            assert KEY not in error.error
        assert room.engine.state.phase is Phase.IDLE


def test_what_clients_did_is_listed_without_a_word_of_it(
    tmp_path: Path, talker: InstalledModel
) -> None:
    with api_room(tmp_path, [talker]) as room, client_of(room) as client:
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

    with api_room(tmp_path, [babbler]) as room, client_of(room) as client:
        question: list[Any] = [{"role": "user", "content": long}]
        client.chat("babbler", question, options={"num_predict": 8})
        client.generate("babbler", long, options={"num_predict": 8}, keep_alive=0)
        wait_for(lambda: room.engine.engine_pid() is None)
        assert files() == []
        kept = ChatRequest((Message(Role.USER, long),), Sampling(max_tokens=8))
        window_answer(room, kept, "babbler")
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
            client_of(room) as client,
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
            client_of(room) as client,
        ):
            answer = client.chat(model.name, HI, stream=True)
            assert next(answer).message.content
            elsewhere.close()
            error = refused(lambda: list(answer))
            assert error.error
            late = refused(lambda: client.chat(model.name, HI))
            assert late.status_code == 502


def _connections(elsewhere: OllamaServer) -> Connections:
    def change(_change: Callable[[Settings], Settings]) -> None:
        raise AssertionError("nothing is set here")

    return Connections(Settings, change, Secrets(), {"OLLAMA_HOST": elsewhere.address})
