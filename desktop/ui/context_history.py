"""Reads what a model would be given of a chat, some messages at a time. GUI thread.

Of a very long chat only the end is read: it does not fit, whatever stands before it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer

from desktop.domain.errors import StorageError
from desktop.domain.history import MessageRef, StoredMessage
from desktop.ui.chat_controller import ChatController

__all__ = ["ChatHistory", "HistoryReader"]

_AT_ONCE = 50
_PAUSE_MS = 40


@dataclass(frozen=True, slots=True)
class ChatHistory:
    """Messages of the active branch, first to last; `unread` older ones may count as well."""

    messages: tuple[StoredMessage, ...] = ()
    unread: int = 0


class HistoryReader(QObject):
    """Reads one chat at a time; another one takes its place."""

    def __init__(self, chats: ChatController, parent: QObject) -> None:
        """Read nothing yet."""
        super().__init__(parent)
        self._chats = chats
        self._chat: int | None = None
        self._refs: list[MessageRef] = []
        self._found: list[StoredMessage] = []
        self._characters = 0
        self._enough = 0
        self._tell: Callable[[ChatHistory], None] = _nobody
        self._is_closed = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._read_on)

    def read(self, chat: int | None, enough: int, tell: Callable[[ChatHistory], None]) -> None:
        """Read until the mark where memory begins, the first message, or `enough` characters.

        What comes before a mark is left out but for the first turn. A chat that cannot be read
        has no history: whoever shows it says why.
        """
        self._timer.stop()
        if self._is_closed:
            return
        self._chat, self._refs = chat, []
        self._found, self._characters = [], 0
        self._enough, self._tell = enough, tell
        if chat is None:
            self._finish([], unread=0)
        else:
            # What is on the screen comes first.
            self._timer.start(_PAUSE_MS)

    def close(self) -> None:
        """Read no more: the store is about to be closed; idempotent."""
        self._timer.stop()
        self._is_closed = True

    def _read_on(self) -> None:
        if self._chat is not None:
            try:
                self._refs = self._chats.refs(self._chat)
            except StorageError:
                self._refs = []
            self._chat = None
        refs = self._refs[-_AT_ONCE:]
        del self._refs[-_AT_ONCE:]
        found = self._messages(refs)
        self._characters += sum(
            len(each.content) + sum(len(one.words) for one in each.attachments) for each in found
        )
        self._found = [*found, *self._found]
        is_marked = any(each.memory is not None for each in found)
        if is_marked:
            # Of what stands before it the first turn may be wanted.
            first = self._messages(self._refs[:2])
            self._finish([*first, *self._found], unread=0)
        elif not self._refs:
            self._finish(self._found, unread=0)
        elif self._characters >= self._enough:
            self._finish(self._found, unread=len(self._refs))
        else:
            self._timer.start(0)

    def _messages(self, refs: list[MessageRef]) -> list[StoredMessage]:
        try:
            return self._chats.messages_of([ref.id for ref in refs])
        except StorageError:
            self._refs.clear()
            return []

    def _finish(self, messages: list[StoredMessage], unread: int) -> None:
        self._refs = []
        self._tell(ChatHistory(tuple(messages), unread))


def _nobody(_history: ChatHistory) -> None:
    """Tell nobody: nothing was asked for."""
