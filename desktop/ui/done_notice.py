"""Says that a long answer is done when no window of Lapis is in front. GUI thread."""

import sys
import time
import unicodedata
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from desktop.domain.errors import StorageError
from desktop.domain.history import MessageState, StoredMessage
from desktop.ui.chat_controller import ChatController
from desktop.ui.preferences import Preferences

__all__ = ["DoneNotice", "notice_text"]

_LONG_SECONDS = 8.0
_LONGEST = 80
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def notice_text(title: str) -> str:
    """Return a chat's title as it may go into a notification: one line, nothing to interpret."""
    shown = "".join(
        letter for letter in " ".join(title.split()) if unicodedata.category(letter)[0] != "C"
    )
    short = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1].rstrip() + "…"
    # There, and only there, the text of a notification may hold a little HTML.
    return short.translate(_ESCAPED) if sys.platform.startswith("linux") else short


class DoneNotice(QObject):
    """Watches answers; what it says is at most the title of the chat, of a temporary one nothing."""

    answer_finished_unseen = Signal(int, str, bool)
    """(chat, its title as `notice_text`, or empty, whether the answer is whole)"""

    def __init__(
        self,
        chats: ChatController,
        preferences: Preferences,
        parent: QObject,
        *,
        clock: Callable[[], float] = time.monotonic,
        is_in_front: Callable[[], bool] = lambda: QApplication.activeWindow() is not None,
    ) -> None:
        """`is_in_front` tells whether a window of Lapis has the keyboard."""
        super().__init__(parent)
        self._chats = chats
        self._preferences = preferences
        self._clock = clock
        self._is_in_front = is_in_front
        self._since: dict[int, float] = {}
        chats.running_changed.connect(self._on_running_changed)
        chats.answer_finished.connect(self._on_answer_finished)

    def _on_running_changed(self, running: frozenset[int]) -> None:
        now = self._clock()
        self._since = {chat: self._since.get(chat, now) for chat in running}

    def _on_answer_finished(self, chat: int, answer: StoredMessage) -> None:
        began = self._since.get(chat)
        if (
            began is None
            or self._clock() - began < _LONG_SECONDS
            or answer.state is MessageState.STOPPED
            or not self._preferences.value.chats.notify
            or self._is_in_front()
        ):
            return
        try:
            summary = self._chats.summary(chat)
        except StorageError:
            return
        # The desktop keeps what it was told; a temporary chat leaves no trace.
        title = "" if summary.temporary else notice_text(summary.title)
        whole = answer.state not in {MessageState.FAILED, MessageState.INTERRUPTED}
        self.answer_finished_unseen.emit(chat, title, whole)
