"""Chats upon the real engine and real tiny models: gone on with, named, with models of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.base.paths import paths_under
from desktop.config.store import SettingsStore
from desktop.domain.chat import Sampling
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import MessageState, StoredMessage
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.domain.settings import ChatsSettings, EngineSettings
from desktop.services.engine import Engine
from desktop.services.manner import settings_for
from desktop.services.planning import plan_for
from desktop.store.chats import ChatStore
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from tests.gguf_files import write_llama
from tests.unit.engine_room import model_at

_TEXT = "The lamps along the harbour were lit at dusk, and nobody knew by whom they were lit."
_OTHER = "Somebody else says this, and has always said so, in every season of the year."
_WAIT_MS = 60_000


class _Models:
    def __init__(self, *models: InstalledModel) -> None:
        self.general: InstalledModel | None = models[0]
        self._models = models

    def find(self, name: str) -> InstalledModel:
        return next(model for model in self._models if model.name == name)


@dataclass
class _Room:
    store: ChatStore
    preferences: Preferences
    engine: Engine
    chats: ChatController
    qtbot: QtBot
    ends: list[StoredMessage]

    def until(self, count: int) -> StoredMessage:
        """Wait until so many answers have ended; return the last."""
        self.qtbot.waitUntil(lambda: len(self.ends) >= count, timeout=_WAIT_MS)
        return self.ends[count - 1]


@contextmanager
def _room(folder: Path, qtbot: QtBot, *models: Path) -> Iterator[_Room]:
    paths = paths_under(folder / "home")
    paths.create()
    store = ChatStore.open(paths.database)
    preferences = Preferences(SettingsStore(paths.settings))
    preferences.set(
        replace(
            preferences.value,
            sampling=Sampling(temperature=0, max_tokens=None),
            engine=EngineSettings(n_ctx=1024, threads=1),
            chats=ChatsSettings(model_titles=False),
        )
    )
    own, bridge = OwnSettings(), Bridge()
    chats = ChatController(store, preferences, own, bridge)
    known = _Models(*(model_at(path) for path in models))

    def plan(model: InstalledModel) -> LoadPlan:
        return plan_for(model, settings_for(model, preferences.value, own.of(model)))

    def plan_context(model: InstalledModel, n_ctx: int, anyway: bool) -> LoadPlan:
        chat = ChatSettings(n_ctx=n_ctx)
        settings = settings_for(model, preferences.value, own.of(model), chat)
        return plan_for(model, settings, anyway=anyway)

    engine = Engine(plan, paths, plan_context=plan_context)
    engine.watch(bridge.engine_observer)
    room = _Room(store, preferences, engine, chats, qtbot, [])
    chats.answer_finished.connect(lambda _chat, answer: room.ends.append(answer))
    try:
        assert known.general is not None
        engine.choose(known.general)
        chats.attach(engine, known)
        yield room
    finally:
        chats.close()
        engine.close()
        store.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes a model that says one sentence."""

    def make(name: str, answer: str, **how: object) -> Path:
        path = tmp_path / f"{name}.gguf"
        return write_llama(path, answer=answer, stops=True, name=name, **how)  # type: ignore[arg-type]

    return make


def test_an_answer_cut_by_its_length_goes_on_to_its_end(
    tmp_path: Path, qtbot: QtBot, write: Callable[..., Path]
) -> None:
    with _room(tmp_path, qtbot, write("one", _TEXT)) as room:
        short = ChatSettings(sampling=Sampling(temperature=0, max_tokens=12))
        chat = room.chats.ask(None, "Tell me.", settings=short)
        cut = room.until(1)
        assert cut.state is MessageState.LENGTH
        assert _TEXT.startswith(cut.content)
        room.store.set_settings(chat, ChatSettings())

        assert room.chats.continue_answer(chat, cut.id)
        whole = room.until(2)

    assert (whole.id, whole.content, whole.state) == (cut.id, _TEXT, MessageState.COMPLETE)
    assert cut.usage is not None
    assert whole.usage is not None
    assert whole.usage.prompt_tokens == cut.usage.prompt_tokens
    assert whole.usage.completion_tokens > cut.usage.completion_tokens == 12


def test_two_chats_with_models_of_their_own_are_answered_one_after_the_other(
    tmp_path: Path, qtbot: QtBot, write: Callable[..., Path]
) -> None:
    with _room(tmp_path, qtbot, write("one", _TEXT), write("two", _OTHER)) as room:
        first = room.chats.ask(None, "Who?")
        second = room.chats.ask(None, "And who?", settings=ChatSettings(model="two"))
        third = room.chats.ask(None, "And again?")
        room.until(3)

    assert [end.chat for end in room.ends] == [first, second, third]
    assert [end.content for end in room.ends] == [_TEXT, _OTHER, _TEXT]
    assert [end.model for end in room.ends] == ["one", "two", "one"]


def test_a_chat_has_the_context_it_asks_for_and_the_next_one_the_usual(
    tmp_path: Path, qtbot: QtBot, write: Callable[..., Path]
) -> None:
    def loaded(room: _Room) -> int:
        state = room.engine.state
        assert state.loaded is not None
        return state.loaded.n_ctx

    with _room(tmp_path, qtbot, write("one", _TEXT, context_length=4096)) as room:
        room.chats.ask(None, "Who?", settings=ChatSettings(n_ctx=2048))
        assert room.until(1).content == _TEXT
        assert (loaded(room), room.engine.state.n_ctx) == (2048, 2048)
        room.chats.ask(None, "And who?")
        assert room.until(2).content == _TEXT
        assert (loaded(room), room.engine.state.n_ctx) == (1024, None)


def test_a_model_names_the_chat_it_has_just_answered_in(
    tmp_path: Path, qtbot: QtBot, write: Callable[..., Path]
) -> None:
    with _room(tmp_path, qtbot, write("one", "Lamps at dusk")) as room:
        room.preferences.set(replace(room.preferences.value, chats=ChatsSettings()))
        chat = room.chats.ask(None, "Tell me of the harbour.")

        qtbot.waitUntil(lambda: room.store.chat(chat).title == "Lamps at dusk", timeout=_WAIT_MS)
