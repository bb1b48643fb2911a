"""What ended an answer before its time, as a card below it: the fact, the next step. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QWidget

from desktop.domain.history import MessageState
from desktop.domain.text import Text
from desktop.ui.buttons import TextButton
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.overflow_choices import OverflowChoices
from desktop.ui.too_large_choices import TooLargeChoices
from desktop.ui.translation import say

__all__ = ["ErrorCard"]


class ErrorCard(NoticeCard):
    """Shows how an answer ended; words of `note` come first, if there are any.

    An answer that ended in the call of a tool is no failure and gets a single quiet line. Where
    another try with the same model would fail again, another model is offered; where a chat
    template would, one of Lapis; where the chat or the model is too large, ways to make it fit.
    """

    retry_requested = Signal()
    continue_requested = Signal()
    model_wanted = Signal()
    template_wanted = Signal()
    """Answer again, with a built-in template."""
    overflow_chosen = Signal(object)
    """(a way of `OverflowChoices` or `TooLargeChoices`)"""

    def __init__(
        self,
        state: MessageState,
        note: tuple[Text, Text] | None,
        *,
        other_model: bool = False,
        too_long: bool = False,
        too_large: int | None = None,
        alone: bool = False,
        has_words: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Show the end `state` with the title and hint of `note`.

        `other_model` says that only another model helps, `too_long` that less text would, too;
        `too_large`, for a model without the memory, is a context that fits, 0 where none does;
        `alone` that it would help to have less text in the question itself only, and
        `has_words` that something came which can be gone on with.
        """
        remedy = TextButton()
        choices: OverflowChoices | TooLargeChoices | None = None
        if too_long:
            choices = OverflowChoices(alone=alone)
        elif too_large is not None:
            choices = TooLargeChoices(too_large)
        go_on = TextButton() if has_words and choices is None else None
        buttons = [button for button in (go_on, remedy) if button is not None]
        super().__init__(buttons if choices is None else (), below=choices, parent=parent)
        self._remedy = remedy
        self._go_on = go_on
        self._choices = choices
        self._state = state
        self._note = note
        self._has_words = has_words
        self._other_model = other_model
        self._crashing = False
        self._template_failed = False
        self._other_chosen = False
        if choices is not None:
            choices.add_last(remedy)
            choices.chosen.connect(self.overflow_chosen)
        self._remedy.clicked.connect(self._on_remedy_clicked)
        if go_on is not None:
            go_on.clicked.connect(self.continue_requested)
        self.set_newest(True)
        self._say()

    def set_newest(self, newest: bool) -> None:
        """Offer remedies, or not; never where nothing failed."""
        failed = newest and self._look() is not Look.QUIET
        self._remedy.setVisible(failed)
        if self._go_on is not None:
            self._go_on.setVisible(failed)
        if self._choices is not None:
            self._choices.setVisible(failed)

    def set_larger(self, cost: str | None) -> None:
        """Offer a larger context, `cost` being what it takes; None where there is no memory."""
        if isinstance(self._choices, OverflowChoices):
            self._choices.set_larger(cost)

    def set_crashing(self, crashing: bool) -> None:
        """Name the remedy for a model that crashed here before: to try again anyway."""
        if crashing is not self._crashing:
            self._crashing = crashing
            self._say()

    def set_template_failed(self, failed: bool) -> None:
        """Offer a built-in template where the model's own one is to blame, and still in use."""
        if failed is not self._template_failed:
            self._template_failed = failed
            self._say()

    def set_other_chosen(self, chosen: bool) -> None:
        """Tell whether another model than the one that failed was chosen since: it can be asked."""
        if chosen is not self._other_chosen:
            self._other_chosen = chosen
            if isinstance(self._choices, TooLargeChoices):
                self._choices.set_other_chosen(chosen)
            self._say()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        title, hint = self._words()
        self.show_words(title, hint, self._look())
        if self._go_on is not None:
            self._go_on.setText(self.tr("Continue"))
        if self._wants_model:
            self._remedy.setText(self.tr("Choose a model"))
        elif self._crashing:
            self._remedy.setText(self.tr("Try again anyway"))
        elif self._template_failed:
            self._remedy.setText(self.tr("Use a built-in template"))
        else:
            self._remedy.setText(self.tr("Try again"))

    def _on_remedy_clicked(self) -> None:
        if self._wants_model:
            self.model_wanted.emit()
        elif self._template_failed and not self._crashing:
            self.template_wanted.emit()
        else:
            self.retry_requested.emit()

    @property
    def _wants_model(self) -> bool:
        return self._other_model and not self._other_chosen

    def _look(self) -> Look:
        match self._state:
            case MessageState.FAILED:
                return Look.ERROR
            case MessageState.INTERRUPTED:
                return Look.WARNING
            case _:
                return Look.QUIET

    def _words(self) -> tuple[str, str]:
        if self._note is not None:
            return say(self._note[0]), say(self._note[1])
        match self._state:
            case MessageState.TOOL_CALLS:
                return self.tr("The model asked for a tool, and there is none in this chat."), ""
            case MessageState.INTERRUPTED:
                return self.tr("This answer was interrupted"), (
                    self.tr("Lapis ended while it was being written. What had come is kept.")
                    if self._has_words
                    else self.tr("Lapis ended before the first word had come.")
                )
            case _:
                return (
                    self.tr("This answer failed"),
                    self.tr("What had come is kept. Try again, or choose another model."),
                )
