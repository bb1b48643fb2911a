"""How a name in a request becomes a model, and an error an answer."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.api import errors
from desktop.api.door import wanted_for
from desktop.api.refused import Refused
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import (
    ContextOverflow,
    Defect,
    EngineDied,
    LapisError,
    ModelFileError,
    ModelNotFound,
    Offline,
    OutOfMemory,
    TooManyRequests,
    Unreachable,
    UserFixable,
)
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from tests.harness.api_house import MODEL, ApiHouse, ToldEngine

OTHER = InstalledModel("Other-Q4", "Other", Path("/models/other-q4.gguf"), 1)
SERVED = InstalledModel(
    "ollama:gemma2:9b", "gemma2:9b", Path("ollama:gemma2:9b"), 0, server="ollama"
)


class StatedEngine(ToldEngine):
    """An engine in a state of the test's choice."""

    def __init__(
        self, state: EngineState, here: EngineState, chosen: InstalledModel | None
    ) -> None:
        super().__init__()
        self._state = state
        self._here = here
        self._chosen = chosen

    @property
    def chosen(self) -> InstalledModel | None:
        return self._chosen

    @property
    def here(self) -> EngineState:
        return self._here

    @property
    def state(self) -> EngineState:
        return self._state


def found(
    name: str,
    state: EngineState | None = None,
    here: EngineState | None = None,
    chosen: InstalledModel | None = None,
) -> tuple[InstalledModel, int | None]:
    state = state or EngineState()
    engine = StatedEngine(state, here or state, chosen or state.model)
    door = replace(
        ApiHouse(engine).door(), models=lambda: (MODEL, OTHER, SERVED), usual=lambda: OTHER
    )
    wanted = asyncio.run(wanted_for(door, name))
    return wanted.model, wanted.n_ctx


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("tiny", MODEL),
        (" TINY ", MODEL),
        ("other-q4", OTHER),
        ("OTHER-Q4.gguf", OTHER),
        ("ollama:gemma2:9b", SERVED),
        ("Gemma2:9b", SERVED),
        ("Tiny:latest", MODEL),
        ("other-q4:LATEST", OTHER),
    ],
)
def test_a_name_is_one_that_is_listed(name: str, model: InstalledModel) -> None:
    assert found(name) == (model, None)


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4",
        "ti",
        "/models/tiny.gguf",
        "/etc/passwd",
        "../tiny.gguf",
        "models/../tiny",
        "C:\\models\\tiny.gguf",
        "~/tiny",
        "tiny\0",
        "CON",
        "tiny.gguf:stream",
        "tiny:latest:latest",
        "tiny:9b",
        "gemma2",
        "x" * 100_000,
        "<img src=x>",
    ],
)
def test_any_other_name_is_unknown_and_never_a_path(name: str) -> None:
    with pytest.raises(ModelNotFound) as error:
        found(name)
    refused = errors.refusal(error.value)
    assert (refused.status, refused.code, refused.param) == (404, "model_not_found", "model")
    assert len(refused.message) < 300


@pytest.mark.parametrize("name", ["", " ", "local-model", "Default"])
def test_no_name_is_the_chosen_model_or_else_the_usual_one(name: str) -> None:
    assert found(name) == (OTHER, None)
    loaded = EngineState(Phase.READY, MODEL, n_ctx=4096)
    assert found(name, loaded) == (MODEL, 4096)
    # Also while another one is loaded, because a program wanted it.
    assert found(name, loaded, chosen=SERVED) == (SERVED, None)


def test_a_model_that_is_loaded_keeps_the_context_it_has() -> None:
    state = EngineState(Phase.READY, MODEL, n_ctx=4096)
    assert found("tiny", state) == (MODEL, 4096)
    assert found("other-q4", state) == (OTHER, None)
    # Also while a server's model is the chosen one.
    chosen = EngineState(Phase.READY, SERVED)
    assert found("tiny", chosen, state) == (MODEL, 4096)
    assert found("", chosen, state) == (SERVED, None)


TITLE, HINT = Text("What happened"), Text("What to do.")


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (ContextOverflow(TITLE, HINT), 400, {}),
        (UserFixable(TITLE, HINT), 400, {}),
        (ModelNotFound(TITLE, HINT), 404, {}),
        (TooManyRequests(TITLE, HINT, 2.2), 429, {"retry-after": "3"}),
        (TooManyRequests(TITLE, HINT, float("inf")), 429, {"retry-after": "60"}),
        (OutOfMemory(TITLE, HINT), 503, {"x-should-retry": "false"}),
        (ModelFileError(TITLE, HINT), 500, {"x-should-retry": "false"}),
        (EngineDied(TITLE, HINT), 500, {"retry-after": "2"}),
        (Defect(TITLE, HINT), 500, {"x-should-retry": "false"}),
        (Offline(TITLE, HINT), 502, {"x-should-retry": "false"}),
        (Unreachable(TITLE, HINT), 502, {"retry-after": "2"}),
    ],
)
def test_an_error_has_a_status_and_says_whether_to_ask_again(
    error: LapisError, status: int, header: dict[str, str]
) -> None:
    refused = errors.refusal(error)
    assert refused.status == status
    assert errors.headers(refused) == header
    assert refused.message.startswith("What happened. ")


def test_title_and_hint_are_told() -> None:
    assert errors.refusal(UserFixable(TITLE, HINT)).message == "What happened. What to do"


def test_each_protocol_gets_its_shape() -> None:
    refused = Refused(404, "No such model", param="model", code="model_not_found")
    assert json.loads(errors.encoded("/api/chat", refused)) == {"error": "No such model"}
    assert json.loads(errors.encoded("/v1/chat/completions", refused)) == {
        "error": {
            "message": "No such model",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }


@pytest.mark.parametrize(
    "path",
    ["/home/me/my models/a b.gguf", "~/x/y.gguf", "C:\\Users\\me\\y.gguf", "\\\\nas\\me\\y.gguf"],
)
def test_of_a_path_only_the_last_part_is_told(path: str) -> None:
    error = UserFixable(Text("{file} is damaged", {"file": path}), HINT)
    message = errors.refusal(error).message
    assert "me" not in message.replace("damaged", "").split(".gguf")[0]
    assert ".gguf is damaged" in message


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("[Errno 2] No such file: '/home/me/secret/x.gguf'", "[Errno 2] No such file: '…/x.gguf'"),
        ("cannot open C:\\Users\\me\\x.gguf", "cannot open …/x.gguf"),
        (
            "ask http://127.0.0.1:11434/v1/models again",
            "ask http://127.0.0.1:11434/v1/models again",
        ),
        ("openai:box/qwen3 and/or 1/2", "openai:box/qwen3 and/or 1/2"),
        (
            "the “$ref” to “#/$defs/size” leads nowhere",
            "the “$ref” to “#/$defs/size” leads nowhere",
        ),
    ],
)
def test_paths_in_the_words_of_others_lose_their_folders(words: str, told: str) -> None:
    error = UserFixable(Text("It says: {reason}", {"reason": words}), HINT)
    assert errors.refusal(error).message == f"It says: {told}. What to do"


def test_each_path_of_a_list_loses_its_folders() -> None:
    there = Text("It has: {names}.", {"names": ("/home/me/x.gguf", "y.gguf")})
    message = errors.refusal(UserFixable(Text("It is not here"), there)).message
    assert message == "It is not here. It has: x.gguf, y.gguf"


def test_routes_in_our_own_words_stay_whole() -> None:
    error = UserFixable(Text("It is not here"), Text("Ask /v1/models for the names."))
    assert errors.refusal(error).message == "It is not here. Ask /v1/models for the names"


def test_a_program_is_not_told_of_a_text_that_a_window_keeps() -> None:
    error = EngineDied(Text("The engine stopped"), Text("The text so far is kept. Ask again."))
    refused = errors.refusal(error)
    assert (refused.status, refused.message) == (500, "The engine stopped. Ask again")
