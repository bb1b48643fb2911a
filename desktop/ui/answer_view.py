"""An answer in the transcript: thinking, words, how it ended, what can be done. GUI thread."""

from PySide6.QtCore import QEvent, QPointF, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.history import MessageState, StoredMessage
from desktop.services.notes import is_template_fault, needs_other_model, read_note
from desktop.ui.activity import Activity
from desktop.ui.error_card import ErrorCard
from desktop.ui.growing_markdown import GrowingMarkdown
from desktop.ui.markdown import parse
from desktop.ui.message_actions import MessageActions
from desktop.ui.message_body import MessageBody
from desktop.ui.thinking import Thinking
from desktop.ui.throttle import Throttle
from desktop.ui.tokens import Space

__all__ = ["AnswerView"]

_REPAINT_MS = 30


class AnswerView(QWidget):
    """Shows one answer, kept or still being written (`stream`, then `finish`)."""

    link_meant = Signal(str, QPointF)
    regenerate_requested = Signal()
    retry_requested = Signal()
    model_wanted = Signal()
    template_wanted = Signal()

    def __init__(self, message: StoredMessage, parent: QWidget | None = None) -> None:
        """Show `message`; in the state STREAMING more is expected."""
        super().__init__(parent)
        self._message = message
        self._growing: GrowingMarkdown | None = None
        self._is_newest = False
        self._is_crashing = False
        self._own_template = ""
        self._thinking: Thinking | None = None
        self._card: ErrorCard | None = None
        self._activity = Activity()
        self._body = MessageBody()
        self._body.link_meant.connect(self.link_meant)
        self._actions = MessageActions()
        self._actions.copy_requested.connect(self._on_copy_requested)
        self._actions.regenerate_requested.connect(self.regenerate_requested)
        self._repaint = Throttle(self._show_progress, _REPAINT_MS, self)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.M)
        self._layout.addWidget(self._body)
        self._layout.addWidget(self._activity)
        self._layout.addWidget(self._actions)
        if message.reasoning:
            self._shown_thinking().show_past(message.reasoning)
        if message.state is MessageState.STREAMING:
            self._growing = GrowingMarkdown()
            self._growing.append(message.content)
            self._show_progress()
            self._actions.hide()
            self._activity.say("")
        else:
            self._body.show_parts(parse(message.content))
            self._show_end()

    @property
    def message(self) -> StoredMessage:
        """What is shown, as it was given last."""
        return self._message

    def is_streaming(self) -> bool:
        """Tell whether more is expected."""
        return self._growing is not None

    def stream(self, piece: str, *, thinking: bool) -> None:
        """Show more words, of the answer or of the thinking before it; ignored once finished."""
        if self._growing is None:
            return
        if thinking:
            self._shown_thinking().add(piece)
            self._activity.say("")
            return
        if self._thinking is not None:
            self._thinking.end()
        self._activity.hide()
        self._growing.append(piece)
        self._repaint.call()

    def set_activity(self, words: str | None) -> None:
        """Say what is going on at the place where words will come; None: nothing to say."""
        if self._growing is not None:
            self._activity.say(words or "")
            self._activity.setVisible(bool(words) or not self._growing.source)

    def finish(self, message: StoredMessage) -> None:
        """Show the answer as it is kept."""
        self._message = message
        self._repaint.cancel()
        growing, self._growing = self._growing, None
        if growing is not None and growing.source == message.content:
            self._body.finish(growing.finish().settled)
        else:
            self._body.finish(parse(message.content))
        if self._thinking is not None:
            self._thinking.end()
        elif message.reasoning:
            self._shown_thinking().show_past(message.reasoning)
        self._show_end()

    def set_newest(self, newest: bool) -> None:
        """Offer to answer again, or to try again, for the newest answer only."""
        self._is_newest = newest
        self._actions.set_can_regenerate(newest)
        if self._card is not None:
            self._card.set_newest(newest)

    def set_crashing(self, crashing: bool) -> None:
        """Tell whether the chosen model crashes here; see `ErrorCard`."""
        self._is_crashing = crashing
        if self._card is not None:
            self._card.set_crashing(crashing)

    def set_own_template(self, model: str) -> None:
        """Tell which chosen model uses the template in its file, by its name; empty for none."""
        self._own_template = model
        if self._card is not None:
            blamed = is_template_fault(self._message.note)
            self._card.set_template_failed(blamed and self._message.model == model)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._actions.set_revealed(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._actions.set_revealed(False)

    def _show_progress(self) -> None:
        if self._growing is not None:
            progress = self._growing.progress()
            self._body.show_parts(progress.settled, progress.growing)
            self._body.setVisible(bool(progress.settled or progress.growing))

    def _show_end(self) -> None:
        self._activity.hide()
        self._body.setVisible(bool(self._message.content))
        if self._card is not None:
            self._card.deleteLater()
            self._card = None
        if self._message.state is not MessageState.COMPLETE:
            note = self._message.note
            other = needs_other_model(note)
            self._card = ErrorCard(self._message.state, read_note(note), other_model=other)
            self._card.retry_requested.connect(self.retry_requested)
            self._card.model_wanted.connect(self.model_wanted)
            self._card.template_wanted.connect(self.template_wanted)
            self._card.set_crashing(self._is_crashing)
            self.set_own_template(self._own_template)
            self._layout.insertWidget(self._layout.indexOf(self._actions), self._card)
        self._actions.set_usage(self._message.usage)
        self._actions.show()
        self.set_newest(self._is_newest)

    def _shown_thinking(self) -> Thinking:
        if self._thinking is None:
            self._thinking = Thinking()
            self._layout.insertWidget(0, self._thinking)
        return self._thinking

    def _on_copy_requested(self) -> None:
        growing = self._growing
        self._actions.copy(growing.source if growing is not None else self._message.content)
