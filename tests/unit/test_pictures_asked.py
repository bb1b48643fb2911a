"""Questions with pictures at the engine's door: shown to servers, refused where nobody sees."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from desktop.config.secrets import Secrets
from desktop.domain.chat import ChatRequest, Failed, Message, Picture, Role, TextDelta
from desktop.domain.engine import Phase
from desktop.domain.errors import NotSupported
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.domain.settings import Settings
from desktop.models.library import Library
from desktop.services.all_models import AllModels
from desktop.services.connections import Connections
from desktop.services.engine import Engine
from desktop.services.model_turns import Wanted
from tests import gguf_files
from tests.harness.ollama import OllamaModel, OllamaServer
from tests.harness.pictures import png
from tests.unit.engine_room import Answer, model_at

_SEEING = OllamaModel("llava:7b", reply="A cat.", capabilities=("completion", "vision"))
_BLIND = OllamaModel("gemma2:9b", reply="Old.", capabilities=("completion",))
_PICTURE = Picture("image/png", png())


@dataclass(frozen=True, slots=True)
class Room:
    """The engine with a server, and files that are never loaded."""

    engine: Engine
    connections: Connections
    ollama: OllamaServer
    loads: list[InstalledModel]
    file: InstalledModel

    def served(self, name: str) -> InstalledModel:
        model = self.connections.find(f"ollama:{name}")
        assert model is not None
        return model

    def ask(self, request: ChatRequest, model: InstalledModel) -> Answer:
        answer = Answer()
        self.engine.ask(request, answer.take, Wanted(model))
        return answer.wait()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"GGUF")
    loads: list[InstalledModel] = []

    def plan(model: InstalledModel) -> LoadPlan:
        loads.append(model)
        return LoadPlan(model.path)

    paths = paths_under(tmp_path / "data")
    paths.create()
    with OllamaServer([_SEEING, _BLIND]) as ollama:
        settings = Settings()
        connections = Connections(
            lambda: settings, lambda _change: None, Secrets(), {"OLLAMA_HOST": ollama.address}
        )
        models = AllModels(lambda: Library(tmp_path, file), connections)
        engine = Engine(
            plan,
            paths,
            served=lambda model, n_ctx: connections.backend(model, n_ctx or 4096),
            sees=models.sees,
        )
        installed = InstalledModel("tiny", "Tiny", file, 4)
        try:
            yield Room(engine, connections, ollama, loads, installed)
        finally:
            engine.close()
            connections.close()


def _question(*earlier: Message) -> ChatRequest:
    return ChatRequest((*earlier, Message(Role.USER, "What is it?", pictures=(_PICTURE,))))


def _said(answer: Answer) -> str:
    return "".join(each.text for each in answer.events if isinstance(each, TextDelta))


def _refusal(answer: Answer) -> NotSupported:
    (end,) = answer.events
    assert isinstance(end, Failed)
    assert isinstance(end.error, NotSupported)
    return end.error


def test_a_model_that_sees_is_given_the_very_bytes(room: Room) -> None:
    answer = room.ask(_question(), room.served("llava:7b"))

    assert _said(answer) == "A cat."
    (asked,) = room.ollama.asked("/api/chat")
    assert asked.body["messages"] == [
        {
            "role": "user",
            "content": "What is it?",
            "images": [base64.b64encode(_PICTURE.data).decode()],
        }
    ]


def test_a_file_of_this_computer_is_not_loaded_for_a_picture(room: Room) -> None:
    refusal = _refusal(room.ask(_question(), room.file))

    assert "server" in str(refusal.hint)
    assert room.loads == []
    assert room.engine.state.phase is Phase.IDLE


def test_a_served_model_that_is_known_not_to_see_is_not_asked(room: Room) -> None:
    blind = room.served("gemma2:9b")
    room.connections.details(blind)

    _refusal(room.ask(_question(), blind))

    assert room.ollama.asked("/api/chat") == []


@pytest.mark.parametrize("known", [True, False], ids=["known not to see", "not known yet"])
def test_after_the_model_was_changed_a_chat_goes_on_without_its_earlier_pictures(
    room: Room, known: bool
) -> None:
    blind = room.served("gemma2:9b")
    if known:
        room.connections.details(blind)
    earlier = (*_question().messages, Message(Role.ASSISTANT, "A cat."))
    request = ChatRequest((*earlier, Message(Role.USER, "How old do they get?")))

    assert _said(room.ask(request, blind)) == "Old."

    (asked,) = room.ollama.asked("/api/chat")
    assert not any("images" in message for message in asked.body["messages"])
    assert asked.body["messages"][0]["content"].startswith("[A picture is attached here.")


def test_the_engine_of_this_computer_takes_no_picture_whatever_is_said_of_its_model(
    tmp_path: Path,
) -> None:
    model = model_at(gguf_files.write_llama(tmp_path / "tiny.gguf"))
    paths = paths_under(tmp_path / "data")
    paths.create()
    engine = Engine(lambda chosen: LoadPlan(chosen.path), paths, sees=lambda _model: True)
    try:
        answer = Answer()
        engine.ask(_question(), answer.take, Wanted(model))
        last = answer.wait().events[-1]
    finally:
        engine.close()

    assert isinstance(last, Failed)
    assert isinstance(last.error, NotSupported)
