"""The context of the open chat: its ring by the composer, and what is done when it is too small.

Puts the parts together for the window. GUI thread.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.domain.chat_settings import ChatSettings
from desktop.domain.context import LargerContext
from desktop.domain.engine import EngineState
from desktop.domain.model import LoadedModel
from desktop.store.chats import ChatStore
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_manner import ChatManner
from desktop.ui.composer import Composer
from desktop.ui.context_meter import ContextMeter
from desktop.ui.context_ring import ContextRing
from desktop.ui.context_words import larger_words
from desktop.ui.errands import Errands
from desktop.ui.larger_contexts import LargerContexts
from desktop.ui.message_wishes import MessageWishes
from desktop.ui.overflow_controller import OverflowController, OverflowEngine
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.transcript import Transcript

if TYPE_CHECKING:
    from desktop.services.planning import Known

__all__ = ["ChatContext"]


class ChatContext(QObject):
    """Shows and resolves; `refresh` is for whoever changes what a chat sets for itself."""

    failed = Signal(object)
    """(StorageError): what was chosen could not be kept."""
    context_wanted = Signal(int)
    """(tokens): the chat to come is to have this context."""

    def __init__(
        self,
        composer: Composer,
        transcript: Transcript,
        wishes: MessageWishes,
        store: ChatStore,
        chats: ChatController,
        preferences: Preferences,
        own: OwnSettings,
        bridge: Bridge,
        settings_of: Callable[[int | None], ChatSettings],
        parent: QObject,
    ) -> None:
        """Place the ring; it is unseen until there is something to show.

        `settings_of` says what a chat sets for itself (None: the one to come); it may raise
        StorageError.
        """
        super().__init__(parent)
        self._transcript = transcript
        self._chat: int | None = None
        self._loaded: LoadedModel | None = None
        self._errands = Errands(self)
        manners = ChatManner(chats, preferences, own)
        self.ring = ContextRing(composer)
        composer.add_tool(self.ring)
        self.overflow = OverflowController(store, chats, manners, bridge, self)
        self.meter = ContextMeter(
            self.ring, composer, chats, manners, self.overflow, settings_of, bridge, self
        )
        self.meter.context_wanted.connect(self.context_wanted)
        self.overflow.failed.connect(self.failed)
        self.overflow.larger_found.connect(self._on_larger_found)
        wishes.larger_context_wanted.connect(self._on_larger_context_wanted)
        wishes.shorter_context_wanted.connect(self._on_shorter_context_wanted)
        preferences.changed.connect(self.refresh)
        own.changed.connect(self.refresh)
        bridge.engine_changed.connect(self._on_engine_changed)

    def attach(self, engine: OverflowEngine, known: "Callable[[], Known]") -> None:
        """Take the engine; `known` is asked, in another thread, what larger contexts take."""
        # Whoever opens the ring takes nobody's place who waits at an answer.
        at_answer = LargerContexts(self._errands, "larger-context", known)
        at_ring = LargerContexts(self._errands, "larger-context-ring", known)
        self.overflow.attach(engine, at_answer)
        self.meter.attach(engine, at_ring)

    def show_chat(self, chat: int | None) -> None:
        """Count for `chat` from now on."""
        self._chat = chat
        self.meter.show_chat(chat)
        self.overflow.show_chat(chat)

    def refresh(self) -> None:
        """Count anew: something else is in force in the chat."""
        self.meter.refresh()

    def close(self) -> None:
        """Read no more, and end the thread that looks for larger contexts; idempotent."""
        self.meter.close()
        self._errands.close()

    def _on_engine_changed(self, state: EngineState) -> None:
        if state.loaded is not None and state.loaded is not self._loaded:
            # What is larger than this one is another one now.
            self._loaded = state.loaded
            self.overflow.show_chat(self._chat)

    def _on_larger_found(self, message: int, larger: LargerContext | None) -> None:
        self._transcript.set_larger(message, None if larger is None else larger_words(larger))

    def _on_larger_context_wanted(self, message: int) -> None:
        if self._chat is not None:
            self.overflow.use_larger(self._chat, message)
            self.refresh()

    def _on_shorter_context_wanted(self, message: int, n_ctx: int) -> None:
        if self._chat is not None:
            self.overflow.use_context(self._chat, message, n_ctx)
            self.refresh()
