"""Keeps the ring in step with what would be sent, and costs nothing while that stays as it is.

While somebody types the draft is counted at once and then a few times a second; when the typing
rests, the whole of it once. The engine counts between the steps of answers. GUI thread.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QEvent, QObject, QTimer, Signal

from desktop.domain.chat_settings import ChatSettings, Overflow
from desktop.domain.context import LargerContext
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import LapisError, StorageError
from desktop.domain.history import StoredMessage
from desktop.services.context import ContextParts, Draft, Opening, Part
from desktop.services.context_memory import Remembered, remembered
from desktop.ui.answer_engine import CountingEngine
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_manner import ChatManner
from desktop.ui.composer import Composer
from desktop.ui.context_history import ChatHistory, HistoryReader
from desktop.ui.context_ring import ContextRing
from desktop.ui.context_words import Level, level_of
from desktop.ui.overflow_controller import FindsLarger, OverflowController
from desktop.ui.throttle import Throttle

__all__ = ["ContextMeter"]

_TYPING_MS = 250
_SETTLED_MS = 800
# Characters a token, at the very most; and so many windows are enough to know that it is too long.
_LONGEST_TOKEN: Final = 4
_ENOUGH: Final = 4
_SMALLEST: Final = 4096


class ContextMeter(QObject):
    """Counts for one composer and the chat that it belongs to."""

    context_wanted = Signal(int)
    """(tokens): a chat that does not exist yet is to have this context."""

    def __init__(
        self,
        ring: ContextRing,
        composer: Composer,
        chats: ChatController,
        manners: ChatManner,
        overflow: OverflowController,
        settings_of: Callable[[int | None], ChatSettings],
        bridge: Bridge,
        parent: QObject | None = None,
    ) -> None:
        """Start with a chat that does not exist yet, and no engine.

        `settings_of` says what a chat sets for itself (None: the one to come); it may raise
        StorageError.
        """
        super().__init__(parent)
        self._ring = ring
        self._composer = composer
        self._chats = chats
        self._manners = manners
        self._overflow = overflow
        self._settings_of = settings_of
        self._bridge = bridge
        self._engine: CountingEngine | None = None
        self._larger: FindsLarger | None = None
        self._found: LargerContext | None = None
        self._chat: int | None = None
        self._history = ChatHistory()
        self._manner = manners.of(ChatSettings())
        self._opening = Opening("")
        self._parts = ContextParts()
        self._rooms: dict[tuple[object, int | None], int] = {}
        self._ticket = 0
        self._asked: tuple[Part, ...] = ()
        self._again: bool | None = None
        self._is_stale = True
        self._is_reading = False
        self._is_of_another = False
        self._refused: tuple[Opening, Draft] | None = None
        self._reader = HistoryReader(chats, self)
        self._typing = Throttle(lambda: self._count(settled=False), _TYPING_MS, self)
        self._rest = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._rest.timeout.connect(lambda: self._count(settled=True))
        composer.edited.connect(self._on_edited)
        composer.installEventFilter(self)
        chats.answer_finished.connect(self._on_answer_finished)
        chats.branch_changed.connect(self._on_chat_changed)
        bridge.counted.connect(self._on_counted)
        bridge.engine_changed.connect(self._on_engine_changed)
        ring.opened.connect(self._on_opened)
        ring.overflow_chosen.connect(self._on_overflow_chosen)

    def attach(self, engine: CountingEngine, larger: FindsLarger | None = None) -> None:
        """Take the engine, and what knows of larger contexts."""
        self._engine = engine
        self._larger = larger
        self.refresh()

    def show_chat(self, chat: int | None) -> None:
        """Count for `chat` from now on."""
        self._chat = chat
        self._forget_count()
        self.refresh()

    def close(self) -> None:
        """Read no more of chats; idempotent."""
        self._reader.close()

    def refresh(self) -> None:
        """Read again what is in force in the chat, and what was said there."""
        if not self._is_on_show():
            self._is_stale = True
            return
        self._is_stale = False
        try:
            own = self._settings_of(self._chat)
        except StorageError:
            # Whoever shows the chat says so.
            own = ChatSettings()
        self._manner = self._manners.of(own)
        self._ring.set_overflow(own.overflow)
        enough = _ENOUGH * _LONGEST_TOKEN * max(_SMALLEST, self._room() or 0)
        self._is_reading = True
        self._reader.read(self._chat, enough, self._on_history_read)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count what changed while nobody saw it."""
        if event.type() == QEvent.Type.Show and self._is_stale:
            # When everything that is shown with it has its place.
            QTimer.singleShot(0, self, self.refresh)
        return super().eventFilter(watched, event)

    # What changes.

    def _on_edited(self) -> None:
        if not self._chats.is_running(self._chat):
            self._typing.call()
            self._rest.start()

    def _on_answer_finished(self, chat: int, _answer: StoredMessage) -> None:
        self._on_chat_changed(chat)

    def _on_chat_changed(self, chat: int) -> None:
        if chat == self._chat and not self._chats.is_running(chat):
            self.refresh()

    def _on_engine_changed(self, state: EngineState) -> None:
        if state.phase is Phase.LOADING:
            return
        manner = self._manners.of(self._manner.chat)
        loaded = state.loaded if manner.is_loaded(state) else None
        if manner.model != self._manner.model or loaded is not self._opening.model:
            # What was asked of a process that is gone is not answered.
            self._asked = ()
            self.refresh()

    def _on_history_read(self, history: ChatHistory) -> None:
        self._is_reading = False
        self._history = history
        kept = _answered(remembered(history.messages))
        system = self._manner.settings.system_prompt
        head = kept.opening(system)
        state = None if self._engine is None else self._engine.state
        is_loaded = state is not None and self._manner.is_loaded(state)
        self._opening = Opening(
            system=head[0].content if head else "",
            messages=kept.messages(system)[len(head) :],
            model=state.loaded if state is not None and is_loaded else None,
            template=self._manner.template,
            thinking=self._manner.chat.thinking,
        )
        self._count(settled=True)

    # Counting.

    def _count(self, *, settled: bool) -> None:
        if not self._is_on_show():
            self._is_stale = True
            return
        if self._is_reading:
            # It will be counted with what is read.
            return
        if self._asked:
            self._again = settled or bool(self._again)
            return
        draft = self._composer.question()
        self._parts.take(self._opening, draft)
        engine = self._engine
        is_loaded = self._opening.model is not None and self._room() is not None
        if engine is None or not is_loaded or self._history.unread or self._is_refused(draft):
            self._show_estimate()
            return
        wanted = self._parts.missing(settled=settled)
        if not wanted:
            self._show_count()
            return
        if self._is_of_another or self._ring.count is None:
            self._show_estimate()
        self._ticket = self._bridge.new_ticket()
        self._asked = tuple(wanted)
        engine.count(list(wanted.values()), self._bridge.count_listener(self._ticket))

    def _on_counted(self, ticket: int, counted: tuple[int, ...] | LapisError | None) -> None:
        if ticket != self._ticket or not self._asked:
            return
        asked, self._asked = self._asked, ()
        self._refused = None
        again, self._again = self._again, None
        if isinstance(counted, tuple):
            self._parts.learn(dict(zip(asked, counted, strict=True)))
            self._show_count()
        else:
            if counted is not None:
                self._refused = self._opening, self._composer.question()
            self._show_estimate()
        if again is not None:
            self._count(settled=again)

    def _is_refused(self, draft: Draft) -> bool:
        """Return whether the engine would refuse to count `draft`, as it did with less of it."""
        if self._refused is None:
            return False
        opening, refused = self._refused
        return (
            opening is self._opening
            and refused.attachments == draft.attachments
            and len(refused.text) <= len(draft.text)
        )

    def _show_count(self) -> None:
        room = self._room()
        count = None if room is None else self._parts.count(room)
        if count is None:
            self._show_estimate()
        else:
            self._ring.set_count(count)

    def _show_estimate(self) -> None:
        self._is_of_another = False
        room = self._room()
        if room is None:
            self._ring.set_count(None)
            return
        count, history = self._parts.estimate(room), self._history
        if history.unread:
            # As long as those that were read, on the average.
            share = 1 + history.unread / len(history.messages)
            count = replace(count, history=round(count.history * share))
        self._ring.set_count(count)

    def _room(self) -> int | None:
        """Return the window in tokens: as it is loaded, was loaded, or is set; None: unknown."""
        manner = self._manner
        if manner.model is None:
            return None
        key = (manner.model.path, manner.settings.engine.n_ctx)
        state = None if self._engine is None else self._engine.state
        if state is not None and state.loaded is not None and manner.is_loaded(state):
            self._rooms[key] = state.loaded.n_ctx
        return self._rooms.get(key) or manner.settings.engine.n_ctx or None

    def _forget_count(self) -> None:
        self._typing.cancel()
        self._rest.stop()
        self._asked = ()
        self._again = None
        self._found = None
        self._ring.set_larger(None)
        # It stays for a moment: a ring that goes and comes would push the field about.
        self._is_of_another = True

    def _is_on_show(self) -> bool:
        return self._composer.isVisible() and not self._composer.window().isMinimized()

    # What can be done.

    def _on_opened(self) -> None:
        count, larger = self._ring.count, self._larger
        if larger is None or count is None or level_of(count) is Level.CALM:
            return

        def tell(found: LargerContext | None) -> None:
            self._found = found
            self._ring.set_larger(found)

        larger.find(self._manner, count.room, count.total, tell)

    def _on_overflow_chosen(self, choice: object) -> None:
        if isinstance(choice, Overflow):
            if self._chat is not None:
                self._overflow.choose_ahead(self._chat, choice)
                self._ring.set_overflow(choice)
        elif self._found is not None and self._chat is None:
            self.context_wanted.emit(self._found.n_ctx)
            self.refresh()
        elif self._found is not None and self._chat is not None:
            self._overflow.enlarge(self._chat, self._found.n_ctx)
            self.refresh()


def _answered(kept: Remembered) -> Remembered:
    """Return `kept` without a question at its end that has no answer: another one is written."""
    return replace(kept, turns=tuple(turn for turn in kept.turns if turn.answer is not None))
