"""What ended an answer before its time, as a card below it: the fact, the next step. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.history import MessageState
from desktop.domain.text import Text
from desktop.ui.buttons import TextButton
from desktop.ui.labels import PlainLabel
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["ErrorCard"]


class ErrorCard(QFrame):
    """Shows how an answer ended; words of `note` come first, if there are any.

    A stopped answer, one at its length limit, or one that ended in a call of a tool, is no failure
    and gets a single quiet line. A text that was too long would be so again: then another model is
    offered instead of another try. So would a chat template be: then one of Lapis is offered.
    """

    retry_requested = Signal()
    model_wanted = Signal()
    template_wanted = Signal()
    """Answer again, with a built-in template."""

    def __init__(
        self,
        state: MessageState,
        note: tuple[Text, Text] | None,
        *,
        too_long: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Show the end `state` with the title and hint of `note`."""
        super().__init__(parent)
        self._state = state
        self._note = note
        self._too_long = too_long
        self._crashing = False
        self._template_failed = False
        failed = state in {MessageState.FAILED, MessageState.INTERRUPTED}
        is_bad = state is MessageState.FAILED
        self._icon = TintedIcon("warning" if failed else "info", tone="bad" if is_bad else "muted")
        self._title = PlainLabel(tone="normal" if failed else "muted", wrap=True)
        self._title.setProperty("strong", failed)
        self._hint = PlainLabel(tone="muted", wrap=True)
        self._hint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._remedy = TextButton()
        self._remedy.clicked.connect(self._on_remedy_clicked)
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addWidget(self._title)
        words.addWidget(self._hint)
        row = QHBoxLayout(self)
        row.setSpacing(Space.M)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self._remedy, 0, Qt.AlignmentFlag.AlignVCenter)
        if failed:
            self.setProperty("panel", "bad" if is_bad else "card")
            row.setContentsMargins(Space.L, Space.M + 2, Space.L, Space.M + 2)
        else:
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(Space.S)
        self._hint.setVisible(failed)
        self.set_newest(failed)
        self._say()

    def set_newest(self, newest: bool) -> None:
        """Offer a remedy, or not; never where nothing failed."""
        failed = self._state in {MessageState.FAILED, MessageState.INTERRUPTED}
        self._remedy.setVisible(newest and failed)

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

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        title, hint = self._words()
        self._title.setText(title)
        self._hint.setText(hint)
        if self._too_long:
            self._remedy.setText(self.tr("Choose a model"))
        elif self._crashing:
            self._remedy.setText(self.tr("Try again anyway"))
        elif self._template_failed:
            self._remedy.setText(self.tr("Use a built-in template"))
        else:
            self._remedy.setText(self.tr("Try again"))
        self.setAccessibleName(title)
        self.setAccessibleDescription(hint)

    def _on_remedy_clicked(self) -> None:
        if self._too_long:
            self.model_wanted.emit()
        elif self._template_failed and not self._crashing:
            self.template_wanted.emit()
        else:
            self.retry_requested.emit()

    def _words(self) -> tuple[str, str]:
        if self._note is not None:
            return say(self._note[0]), say(self._note[1])
        match self._state:
            case MessageState.STOPPED:
                return self.tr("This answer was stopped."), ""
            case MessageState.TOOL_CALLS:
                return self.tr("The model asked for a tool, and there is none in this chat."), ""
            case MessageState.LENGTH:
                return self.tr("The answer reached the limit of its length."), ""
            case MessageState.INTERRUPTED:
                return (
                    self.tr("This answer was interrupted"),
                    self.tr("Lapis ended while it was being written. What had come is kept."),
                )
            case _:
                return (
                    self.tr("This answer failed"),
                    self.tr("What had come is kept. Try again, or choose another model."),
                )
