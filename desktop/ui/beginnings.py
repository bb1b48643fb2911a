"""Has the engine read what quick actions begin with, while it has nothing else to do. GUI thread.

The instruction of an action is the same each time, and stands before the text. Read once, it is in
the engine's memory, or on the disk from then on, and the first word of an answer waits for the text
alone. No question waits for it: what is being read is given up as soon as one comes.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from desktop.domain.chat import ChatRequest, Event, Failed, Finished, Message, Role
from desktop.domain.engine import EngineState, Phase
from desktop.domain.model import InstalledModel, LoadedModel
from desktop.services.manner import settings_for, template_for
from desktop.ui.answer_engine import AnswerEngine
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences

__all__ = ["Beginnings"]

_QUIET_MS = 3_000


class Beginnings(QObject):
    """Reads each beginning once for each time that a model is loaded."""

    def __init__(
        self,
        texts: Callable[[], Sequence[str]],
        chats: ChatController,
        preferences: Preferences,
        own: OwnSettings,
        bridge: Bridge,
        parent: QObject,
    ) -> None:
        """`texts` returns the beginnings; `chats` tells when one is being answered."""
        super().__init__(parent)
        self._texts = texts
        self._preferences = preferences
        self._own = own
        self._bridge = bridge
        self._engine: AnswerEngine | None = None
        self._loaded: LoadedModel | None = None
        self._read: set[ChatRequest] = set()
        self._under_way: tuple[int, int, ChatRequest] | None = None
        self._is_busy = False
        self._quiet = QTimer(self, singleShot=True, interval=_QUIET_MS)
        self._quiet.timeout.connect(self._read_next)
        chats.running_changed.connect(self._on_running_changed)
        bridge.event_arrived.connect(self._on_event_arrived)

    def attach(self, engine: AnswerEngine) -> None:
        """Take the engine, whose states `set_engine` is told of."""
        self._engine = engine
        self.set_engine(engine.state)

    def set_engine(self, state: EngineState) -> None:
        """Begin anew with a model that was loaded, and stop with one that is gone."""
        loaded = state.loaded if state.phase is Phase.READY else None
        if loaded is self._loaded:
            return
        self._loaded = loaded
        self._read.clear()
        self._under_way = None
        self._wait()

    def look_again(self) -> None:
        """Read what is new: an action was changed, or a language."""
        self._wait()

    def close(self) -> None:
        """Ask for no more; idempotent."""
        self._give_up()
        self._quiet.stop()
        self._engine = None

    def _wait(self) -> None:
        if self._loaded is not None and not self._is_busy:
            self._quiet.start()
        else:
            self._quiet.stop()

    def _on_running_changed(self, running: frozenset[int]) -> None:
        self._is_busy = bool(running)
        if self._is_busy:
            self._give_up()
        self._wait()

    def _give_up(self) -> None:
        if self._under_way is not None and self._engine is not None:
            _ticket, number, _request = self._under_way
            self._engine.cancel(number)
        self._under_way = None

    def _read_next(self) -> None:
        engine = self._engine
        if engine is None or self._loaded is None or self._under_way is not None or self._is_busy:
            return
        model = engine.state.model
        if model is None or self._loaded.embeds:
            return
        request = next((one for one in self._requests(model) if one not in self._read), None)
        if request is None:
            return
        ticket = self._bridge.new_ticket()
        self._under_way = (ticket, engine.ask(request, self._bridge.listener(ticket)), request)

    def _requests(self, model: InstalledModel) -> list[ChatRequest]:
        """Return questions that begin as those of the actions do, each to be answered by one token."""
        own = self._own.of(model)
        settings = settings_for(model, self._preferences.value, own)
        system = settings.system_prompt.strip()
        opening = (Message(Role.SYSTEM, system),) if system else ()
        sampling = replace(settings.sampling, max_tokens=1)
        return [
            ChatRequest(
                (*opening, Message(Role.USER, text)), sampling, builtin_template=template_for(own)
            )
            for text in self._texts()
        ]

    def _on_event_arrived(self, ticket: int, event: Event) -> None:
        if self._under_way is None or self._under_way[0] != ticket:
            return
        match event:
            case Finished() | Failed():
                # What fails once would fail again.
                self._read.add(self._under_way[2])
                self._under_way = None
                self._read_next()
            case _:
                pass
