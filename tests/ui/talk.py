"""Chats at work without a window: real store and settings, and an engine that says its script."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pytestqt.qtbot import QtBot

from desktop.config.store import SettingsStore
from desktop.domain.chat import Event, TextDelta
from desktop.domain.errors import ModelNotFound
from desktop.domain.history import StoredMessage
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.services.model_notes import ModelNotes
from desktop.store.chats import ChatStore
from desktop.store.records import Records
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from tests.ui.desk import DONE, ScriptedEngine, ready

TINY = InstalledModel("tiny", "Tiny", Path("/m/tiny.gguf"), 1_000_000)
OTHER = InstalledModel("other", "Other", Path("/m/other.gguf"), 1_000_000)
GUIDE = InstalledModel("guide", "Guide", Path("/m/guide.gguf"), 1_000_000, is_guide=True)


class Models:
    """The models that there are; `general` is the one a person chose."""

    def __init__(self, general: InstalledModel | None) -> None:
        self.general = general
        self.there = [TINY, OTHER, GUIDE]

    def find(self, name: str) -> InstalledModel:
        for model in self.there:
            if model.name == name:
                return model
        raise ModelNotFound(Text("There is no model {name}", {"name": name}), Text("Choose one."))


@dataclass
class Talk:
    """Everything that belongs to the chats of one run."""

    store: ChatStore
    preferences: Preferences
    own: OwnSettings
    bridge: Bridge
    engine: ScriptedEngine
    models: Models
    chats: ChatController
    qtbot: QtBot

    def load(self, model: InstalledModel, n_ctx: int | None = None) -> None:
        """Let the engine have `model`, and wait until the chats know."""
        state = replace(ready(model), n_ctx=n_ctx)
        with self.qtbot.waitSignal(
            self.bridge.engine_changed, check_params_cb=lambda seen: bool(seen == state)
        ):
            self.engine.become(state)

    def say(self, request: int, *events: Event) -> None:
        """Let the engine say something, and wait until it was heard."""
        with self.qtbot.waitSignal(
            self.bridge.event_arrived,
            check_params_cb=lambda _ticket, event: event is events[-1],
        ):
            self.engine.tell(request, *events)

    def answer(self, request: int, text: str = "Well.") -> None:
        """Let the engine answer and end."""
        self.say(request, TextDelta(text), DONE)

    def last(self, chat: int) -> StoredMessage:
        """Return the last message of the active branch as it is on the disk."""
        return self.store.messages(chat)[-1]

    def texts(self, chat: int) -> list[str]:
        """Return the active branch."""
        return [message.content for message in self.chats.messages(chat)]

    def asked(self) -> list[str]:
        """Return the last words of each request."""
        return [request.messages[-1].content for request in self.engine.requests]


@contextmanager
def open_talk(folder: Path, qtbot: QtBot, general: InstalledModel | None = GUIDE) -> Iterator[Talk]:
    """Open chats upon the data in `folder`; the engine has the `general` model, loaded."""
    store = ChatStore.open(folder / "lapis.db")
    preferences = Preferences(SettingsStore(folder / "settings.json"))
    notes = ModelNotes(Records(folder / "models.db"))
    own = OwnSettings()
    own.attach(notes)
    bridge = Bridge()
    engine = ScriptedEngine()
    engine.observer = bridge.engine_observer
    models = Models(general)
    chats = ChatController(store, preferences, own, bridge)
    talk = Talk(store, preferences, own, bridge, engine, models, chats, qtbot)
    try:
        if general is not None:
            talk.load(general)
        chats.attach(engine, models)
        yield talk
    finally:
        chats.close()
        engine.close()
        store.close()
        notes.close()
