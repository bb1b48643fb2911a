"""A window at work without weights: real store, real settings, and an engine that says its script.

The scripted engine keeps the contract of the real one: `ask` returns at once, listeners and
observers are called from the engine's own thread, and each request ends exactly once.
"""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pytestqt.qtbot import QtBot

from desktop.base.paths import Paths, paths_under
from desktop.base.worker import Worker
from desktop.config.store import SettingsStore
from desktop.domain.chat import ChatRequest, Event, Failed, Finished, StopReason, TextDelta, Usage
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import EngineDied
from desktop.domain.model import InstalledModel, LoadedModel, LoadPlan
from desktop.domain.text import Text
from desktop.models.library import Library
from desktop.services.all_models import AllModels
from desktop.services.model_notes import ModelNotes
from desktop.services.model_turns import Wanted
from desktop.services.models_folder import models_folder, open_library
from desktop.store.chats import ChatStore
from desktop.store.records import Records
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.model_check import Check
from desktop.ui.model_controller import ModelController
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.window import MainWindow
from desktop.ui.window_controller import WindowController

USAGE = Usage(10, 0, 5, 120.0, 80.0, 30.0)
DONE = Finished(StopReason.STOP, USAGE)
DIED = Failed(EngineDied(Text("The engine stopped"), Text("Ask again.")))


@dataclass
class ScriptedEngine:
    """Answers what the test tells it to answer, when the test tells it."""

    requests: list[ChatRequest] = field(default_factory=list)
    wanted: list[Wanted | None] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    chosen: list[InstalledModel] = field(default_factory=list)
    unloads: int = 0
    full: list[InstalledModel] = field(default_factory=list)
    anyway: list[InstalledModel] = field(default_factory=list)
    forgets: int = 0
    state: EngineState = field(default_factory=EngineState)
    observer: Callable[[EngineState], None] = lambda _state: None

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._listeners: dict[int, Callable[[Event], None]] = {}
        self._worker: Worker[Callable[[], None]] = Worker("scripted-engine", lambda call: call())

    def ask(
        self,
        request: ChatRequest,
        listener: Callable[[Event], None],
        wanted: Wanted | None = None,
    ) -> int:
        number = next(self._numbers)
        self.wanted.append(wanted)
        self.requests.append(request)
        self._listeners[number] = listener
        return number

    def cancel(self, request: int) -> None:
        self.cancelled.append(request)
        self.tell(request, Finished(StopReason.STOPPED, USAGE))

    def choose(self, model: InstalledModel, n_ctx: int | None = None) -> None:
        self.chosen.append(model)
        self.become(EngineState(Phase.LOADING, model, n_ctx=n_ctx))

    def unload(self) -> None:
        self.unloads += 1

    def use_full_settings(self, model: InstalledModel) -> None:
        self.full.append(model)
        self.become(EngineState(Phase.LOADING, model))

    def load_anyway(self, model: InstalledModel) -> None:
        self.anyway.append(model)
        self.become(EngineState(Phase.LOADING, model))

    def forget_states(self) -> None:
        self.forgets += 1

    def tell(self, request: int, *events: Event) -> None:
        """Send the next events of a request; after its last one nothing is sent."""
        self._worker.send(lambda: self._tell(request, events))

    def become(self, state: EngineState) -> None:
        """Let the window know of another state."""
        self.state = state
        self._worker.send(lambda: self.observer(state))

    def close(self) -> None:
        assert self._worker.stop(5)

    def _tell(self, request: int, events: tuple[Event, ...]) -> None:
        for event in events:
            listener = self._listeners.get(request)
            if listener is None:
                return
            if isinstance(event, Finished | Failed):
                del self._listeners[request]
            listener(event)


def ready(model: InstalledModel) -> EngineState:
    """Return the picture of a loaded model."""
    loaded = LoadedModel(
        LoadPlan(model.path), "tiny", "llama", 1000, 4000, 512, 512, ("CPU",), True, 5.0
    )
    return EngineState(Phase.READY, model, 1.0, loaded)


def say(*pieces: str) -> tuple[Event, ...]:
    """Return an answer in pieces, without its end."""
    return tuple(TextDelta(piece) for piece in pieces)


@dataclass
class Desk:
    """Everything that belongs to one run of the window."""

    paths: Paths
    store: ChatStore
    preferences: Preferences
    notes: ModelNotes
    own: OwnSettings
    bridge: Bridge
    chats: ChatController
    window: MainWindow
    controller: WindowController
    models: ModelController
    engine: ScriptedEngine

    def ask(self, text: str) -> None:
        """Type a question and press Enter."""
        self.window.composer.field.setPlainText(text)
        self.window.composer.field.submitted.emit()

    def titles(self) -> list[str]:
        """Return the chats of the sidebar, top to bottom."""
        return [chat.title for chat in self.store.chats()]


def become(desk: Desk, qtbot: QtBot, state: EngineState) -> None:
    """Let the engine be in another state, and wait until the window shows this very state.

    Its model is the one that a person chose.
    """
    if state.model is not None:
        desk.models._general = state.model
    with qtbot.waitSignal(
        desk.models.state_changed, check_params_cb=lambda shown: bool(shown == state)
    ):
        desk.engine.become(state)


@contextmanager
def disk_full(desk: Desk) -> Iterator[Callable[[], None]]:
    """Let every write fail as on a full disk, until the block ends or the returned is called."""
    with sqlite3.connect(desk.paths.database) as other:
        (pages,) = other.execute("PRAGMA page_count").fetchone()
    other.close()
    connection = desk.store._disk.connection
    connection.execute(f"PRAGMA max_page_count = {pages}")

    def free() -> None:
        connection.execute("PRAGMA max_page_count = 1000000")

    try:
        yield free
    finally:
        free()


@contextmanager
def locked(desk: Desk) -> Iterator[None]:
    """Let another program keep the chats file to itself."""
    with closing(sqlite3.connect(desk.paths.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def open_desk(folder: Path, check: Check = lambda _model: None) -> Iterator[Desk]:
    """Open a window upon the data in `folder`; unless another was kept its model is the guide.

    The model is loaded. `check` judges a model that is chosen later.
    """
    paths = paths_under(folder)
    paths.create()
    guide = folder / "guide.gguf"
    guide.write_bytes(b"GGUF")
    store = ChatStore.open(paths.database)
    preferences = Preferences(SettingsStore(paths.settings))
    notes = ModelNotes(Records(paths.records))
    own = OwnSettings()
    own.attach(notes)
    bridge = Bridge()
    chats = ChatController(store, preferences, own, bridge)
    window = MainWindow()
    window.resize(760, 640)
    controller = WindowController(window, store, chats, preferences)
    engine = ScriptedEngine()
    engine.observer = bridge.engine_observer

    def library() -> Library:
        return open_library(preferences.value, paths, guide)

    models = ModelController(
        window,
        preferences,
        own,
        AllModels(library, None),
        bridge,
        lambda: models_folder(preferences.value, paths),
        check,
    )
    desk = Desk(
        paths, store, preferences, notes, own, bridge, chats, window, controller, models, engine
    )
    try:
        models.attach(engine)
        chats.attach(engine, models)
        engine.become(ready(engine.chosen[-1]))
        yield desk
    finally:
        controller.close()
        chats.close()
        models.close()
        engine.close()
        store.close()
        notes.close()
        window.deleteLater()
