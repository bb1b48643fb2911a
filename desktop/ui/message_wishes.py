"""What a person asks for at a message of a transcript, done in the chat that it shows. GUI thread."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, Signal

from desktop.domain.chat_settings import Overflow
from desktop.domain.errors import StorageError
from desktop.ui.chat_controller import ChatController
from desktop.ui.chat_feed import ChatFeed
from desktop.ui.transcript import Transcript

__all__ = ["MessageWishes"]


class MessageWishes(QObject):
    """Connects one transcript with the chats; what it cannot do itself comes out as signals."""

    failed = Signal(object)
    """(StorageError): it was not done."""
    refused = Signal()
    """Nothing was done: an answer is being written in the chat."""
    branched_off = Signal(int)
    """(chat): it was made of a branch, and is to be shown."""
    other_model_wanted = Signal(int, QPoint)
    """(message, point on the screen): let the person choose who answers once more."""
    larger_context_wanted = Signal(int)
    """(message): what was asked there does not fit, and the person wants a larger context."""
    shorter_context_wanted = Signal(int, int)
    """(message, tokens): its model does not fit into memory; with this context it would."""
    load_anyway_wanted = Signal()
    """Load the model that does not fit into memory all the same; then its answer is tried again."""

    def __init__(
        self,
        transcript: Transcript,
        feed: ChatFeed,
        chats: ChatController,
        parent: QObject | None = None,
    ) -> None:
        """Listen to `transcript`, which `feed` keeps in step."""
        super().__init__(parent)
        self._feed = feed
        self._chats = chats
        transcript.regenerate_requested.connect(self.answer_again)
        transcript.continue_requested.connect(
            lambda message: self._do(lambda chat: chats.continue_answer(chat, message))
        )
        transcript.retry_requested.connect(
            lambda message: self._do(lambda chat: chats.try_again(chat, message))
        )
        transcript.template_wanted.connect(
            lambda message: self._do(lambda chat: chats.answer_with_builtin_template(chat, message))
        )
        transcript.edit_submitted.connect(
            lambda message, text, ask: self._do(
                lambda chat: chats.edit(chat, message, text, ask=ask)
            )
        )
        transcript.sibling_requested.connect(
            lambda message, step: self._do(lambda chat: chats.step_sibling(chat, message, step))
        )
        transcript.branch_requested.connect(self._branch_off)
        transcript.overflow_chosen.connect(self._on_overflow_chosen)
        transcript.other_model_requested.connect(self.other_model_wanted)

    def answer_again(self, message: int, model: str | None = None) -> None:
        """Have another answer written beside `message`, by another model if one is named."""
        self._do(lambda chat: self._chats.answer_again(chat, message, model))

    def _branch_off(self, message: int) -> None:
        made: list[int | None] = []
        self._do(lambda chat: made.append(self._chats.branch_off(chat, message)))
        for chat in made:
            if chat is not None:
                self.branched_off.emit(chat)

    def _on_overflow_chosen(self, message: int, choice: object) -> None:
        match choice:
            case Overflow():
                self._do(lambda chat: self._chats.resolve_overflow(chat, message, choice))
            case int():
                self.shorter_context_wanted.emit(message, choice)
            case "anyway":
                self.load_anyway_wanted.emit()
                self._do(lambda chat: self._chats.try_again(chat, message))
            case _:
                self.larger_context_wanted.emit(message)

    def _do(self, wish: Callable[[int], object]) -> None:
        chat = self._feed.chat
        if chat is None:
            return
        try:
            done = wish(chat)
        except StorageError as error:
            self.failed.emit(error)
            return
        if done is False and self._chats.is_running(chat):
            self.refused.emit()
