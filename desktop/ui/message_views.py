"""The widget that shows one message. GUI thread.

Markdown, code and formulas come with it: an empty window is on the screen before.
"""

from typing import TypeAlias

from PySide6.QtCore import QObject

from desktop.domain.chat import Role
from desktop.domain.history import StoredMessage
from desktop.ui.answer_view import AnswerView
from desktop.ui.question_view import QuestionView

__all__ = ["MessageView", "as_answer", "pass_on", "view_of"]

MessageView: TypeAlias = QuestionView | AnswerView

_PASSED_ON = (
    "regenerate_requested",
    "other_model_requested",
    "continue_requested",
    "edit_submitted",
    "sibling_requested",
    "branch_requested",
    "retry_requested",
    "model_wanted",
    "template_wanted",
    "overflow_chosen",
)


def view_of(message: StoredMessage, *, is_first: bool = False) -> MessageView:
    """Return a new view of `message`; `is_first` is an answer to the first question."""
    if message.role in {Role.USER, Role.SYSTEM}:
        return QuestionView(message)
    return AnswerView(message, is_first=is_first)


def as_answer(view: MessageView | None) -> AnswerView | None:
    """Return `view` if it is that of an answer."""
    return view if isinstance(view, AnswerView) else None


def pass_on(view: MessageView, to: QObject) -> None:
    """Connect what is asked for at `view` to the signals of the same names of `to`."""
    for name in _PASSED_ON:
        signal = getattr(view, name, None)
        if signal is not None:
            signal.connect(getattr(to, name))
