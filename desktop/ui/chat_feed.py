"""Keeps one transcript in step with one chat, whatever else is being answered. GUI thread."""

from PySide6.QtCore import QObject, Signal

from desktop.domain.errors import StorageError
from desktop.domain.history import StoredMessage
from desktop.ui.chat_controller import ChatController
from desktop.ui.transcript import Transcript

__all__ = ["ChatFeed"]


class ChatFeed(QObject):
    """`show` chooses the chat; a growing answer is taken up where it is.

    What grows in a branch that is not on show is left to itself; it is there when its branch is.
    """

    failed = Signal(object)
    """(StorageError): the messages cannot be read."""

    def __init__(
        self, transcript: Transcript, chats: ChatController, parent: QObject | None = None
    ) -> None:
        """Start with no chat."""
        super().__init__(parent)
        self._transcript = transcript
        self._chats = chats
        self._chat: int | None = None
        chats.own_template_changed.connect(transcript.set_own_template)
        transcript.set_own_template(chats.own_template)
        transcript.reading_failed.connect(self.failed)
        chats.exchange_started.connect(self._on_exchange_started)
        chats.branch_changed.connect(self._on_branch_changed)
        chats.text_grew.connect(self._on_text_grew)
        chats.activity_changed.connect(self._on_activity_changed)
        chats.answer_finished.connect(self._on_answer_finished)

    @property
    def chat(self) -> int | None:
        """The chat on show; None is one that does not exist yet."""
        return self._chat

    def show(self, chat: int | None) -> None:
        """Show `chat` from now on; raises StorageError and then shows the earlier one still."""
        self._show(chat, stay=False)

    def _show(self, chat: int | None, *, stay: bool) -> None:
        refs = self._chats.refs(chat) if chat is not None else []
        self._chat = chat
        self._transcript.show_chat(refs, self._chats.messages_of, stay=stay)
        self._show_activity()

    def _show_activity(self) -> None:
        words = self._chats.activity(self._chat) if self._chat is not None else ""
        self._transcript.set_activity(words or None)

    def _on_exchange_started(
        self, chat: int, question: StoredMessage, answer: StoredMessage
    ) -> None:
        if chat == self._chat:
            self._transcript.append(question)
            self._transcript.append(answer)
            self._show_activity()

    def _on_branch_changed(self, chat: int) -> None:
        if chat != self._chat:
            return
        growing = self._chats.growing(chat)
        if growing is not None:
            # It may have been shown as an answer that had ended.
            self._transcript.give_up(growing)
        try:
            self._follow_memory()
            self._show(chat, stay=True)
        except StorageError as error:
            self.failed.emit(error)

    def _follow_memory(self) -> None:
        """Have rows made anew above which the model's memory begins now, or no longer does."""
        frames = {frame.message: frame for frame in self._transcript.frames_built()}
        for stored in self._chats.messages_of(list(frames)):
            if (frames[stored.id].above is None) != (stored.memory is None):
                self._transcript.give_up(stored.id)

    def _on_text_grew(self, chat: int, piece: str, is_thinking: bool) -> None:
        growing = self._chats.growing(chat)
        if chat == self._chat and growing is not None:
            self._transcript.stream(growing, piece, is_thinking)

    def _on_activity_changed(self, chat: int, words: str) -> None:
        if chat == self._chat:
            self._transcript.set_activity(words or None)

    def _on_answer_finished(self, chat: int, answer: StoredMessage) -> None:
        if chat == self._chat:
            self._transcript.finish(answer)
