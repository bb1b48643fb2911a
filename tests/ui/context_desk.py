"""A composer with its ring upon real chats and a real engine with a tiny model."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.base.paths import paths_under
from desktop.config.store import SettingsStore
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.context import ContextCount, LargerContext
from desktop.domain.engine import Phase
from desktop.domain.history import StoredMessage
from desktop.services.engine import Engine
from desktop.store.chats import ChatStore
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_manner import ChatManner, Manner
from desktop.ui.composer import Composer
from desktop.ui.context_meter import ContextMeter
from desktop.ui.context_ring import ContextRing
from desktop.ui.overflow_controller import OverflowController
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from tests.unit.engine_room import Room, engine_room

WAIT_MS = 60_000


@dataclass
class Larger:
    """Knows of one larger context."""

    context: LargerContext | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    def find(
        self, _manner: Manner, now: int, needed: int, found: Callable[[LargerContext | None], None]
    ) -> None:
        self.asked.append((now, needed))
        found(self.context)


@dataclass
class ContextDesk:
    """Everything that belongs to one composer."""

    qtbot: QtBot
    room: Room
    store: ChatStore
    preferences: Preferences
    bridge: Bridge
    chats: ChatController
    overflow: OverflowController
    composer: Composer
    ring: ContextRing
    meter: ContextMeter
    larger: Larger
    finished: list[StoredMessage] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.room.engine

    @property
    def shown(self) -> ContextCount:
        """What the ring shows, which is something."""
        assert self.ring.count is not None
        return self.ring.count

    def ask(self, chat: int | None, text: str) -> tuple[int, StoredMessage]:
        """Ask and wait for the end; return the chat and the answer."""
        count = len(self.finished)
        asked = self.chats.ask(chat, text)
        return asked, self.answer(count)

    def answer(self, count: int) -> StoredMessage:
        """Wait for the end of the answer after `count` others."""
        self.qtbot.waitUntil(lambda: len(self.finished) > count, timeout=WAIT_MS)
        return self.finished[-1]

    def wait_for_exact(self) -> None:
        self.qtbot.waitUntil(
            lambda: self.ring.count is not None and self.ring.count.exact, timeout=WAIT_MS
        )


@contextmanager
def context_desk(
    qtbot: QtBot, folder: Path, model: Path, *, n_ctx: int = 1024
) -> Iterator[ContextDesk]:
    """Open one; the model is loaded, answers are short, the composer is shown."""
    paths = paths_under(folder / "data")
    paths.create()
    store = ChatStore.open(paths.database)
    preferences = Preferences(SettingsStore(paths.settings))
    brief = replace(preferences.value.sampling, temperature=0, max_tokens=30)
    preferences.change(lambda now: replace(now, sampling=brief))
    own, bridge = OwnSettings(), Bridge()
    chats = ChatController(store, preferences, own, bridge)
    manners = ChatManner(chats, preferences, own)
    overflow = OverflowController(store, chats, manners, bridge)
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    composer, ring, larger = Composer(), ContextRing(), Larger()
    composer.add_tool(ring)
    column.addStretch(1)
    column.addWidget(composer)
    window.resize(700, 500)

    def settings_of(chat: int | None) -> ChatSettings:
        return ChatSettings() if chat is None else store.settings(chat)

    meter = ContextMeter(ring, composer, chats, manners, overflow, settings_of, bridge, window)
    with engine_room(folder / "engine", model, n_ctx=n_ctx) as room:
        room.engine.watch(bridge.engine_observer)
        desk = ContextDesk(
            qtbot, room, store, preferences, bridge, chats, overflow, composer, ring, meter, larger
        )
        chats.answer_finished.connect(lambda _chat, answer: desk.finished.append(answer))
        room.until(Phase.READY)
        chats.attach(room.engine)
        overflow.attach(room.engine, larger)
        meter.attach(room.engine, larger)
        window.show()
        qtbot.waitExposed(window)
        try:
            yield desk
        finally:
            chats.close()
    store.close()
