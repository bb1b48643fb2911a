"""The widget that shows one message. GUI thread."""

from typing import TypeAlias

from desktop.domain.chat import Role
from desktop.domain.history import StoredMessage
from desktop.ui.answer_view import AnswerView
from desktop.ui.question_view import QuestionView

__all__ = ["MessageView", "view_of"]

MessageView: TypeAlias = QuestionView | AnswerView


def view_of(message: StoredMessage) -> MessageView:
    """Return a new view of `message`."""
    if message.role in {Role.USER, Role.SYSTEM}:
        return QuestionView(message)
    return AnswerView(message)
