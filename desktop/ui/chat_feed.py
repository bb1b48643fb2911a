"""Keeps one transcript in step with one chat, whatever else is being answered. GUI thread."""

from PySide6.QtCore import QObject, Signal

from desktop.domain.errors import StorageError
from desktop.domain.history import StoredMessage
from desktop.ui.chat_controller import ChatController
from desktop.ui.transcript import Transcript

__all__ = ["ChatFeed"]


class ChatFeed(QObject):
    """`show` chooses the chat; a growing answer is taken up where it is."""

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
        chats.exchange_started.connect(self._on_exchange_started)
        chats.messages_replaced.connect(self._on_messages_replaced)
        chats.text_grew.connect(self._on_text_grew)
        chats.activity_changed.connect(self._on_activity_changed)
        chats.answer_finished.connect(self._on_answer_finished)

    @property
    def chat(self) -> int | None:
        """The chat on show; None is one that does not exist yet."""
        return self._chat

    def show(self, chat: int | None) -> None:
        """Show `chat` from now on; raises StorageError and then shows the earlier one still."""
        messages = self._chats.messages(chat) if chat is not None else []
        self._chat = chat
        self._transcript.show_chat(messages)
        self._transcript.set_activity(
            (self._chats.activity(chat) or None) if chat is not None else None
        )

    def _on_exchange_started(
        self, chat: int, question: StoredMessage, answer: StoredMessage
    ) -> None:
        if chat == self._chat:
            self._transcript.append(question)
            self._transcript.append(answer)
            self._transcript.set_activity(self._chats.activity(chat) or None)

    def _on_messages_replaced(self, chat: int) -> None:
        if chat != self._chat:
            return
        try:
            self.show(chat)
        except StorageError as error:
            self.failed.emit(error)

    def _on_text_grew(self, chat: int, piece: str, is_thinking: bool) -> None:
        if chat == self._chat:
            self._transcript.stream(piece, is_thinking)

    def _on_activity_changed(self, chat: int, words: str) -> None:
        if chat == self._chat:
            self._transcript.set_activity(words or None)

    def _on_answer_finished(self, chat: int, answer: StoredMessage) -> None:
        if chat == self._chat:
            self._transcript.finish(answer)
