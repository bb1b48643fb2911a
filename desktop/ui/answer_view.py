"""An answer in the transcript: thinking, words, how it ended, what can be done. GUI thread."""

from PySide6.QtCore import QEvent, QPoint, QPointF, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.history import MessageState, StoredMessage
from desktop.services.notes import (
    is_template_fault,
    is_too_large,
    is_too_long,
    is_too_long_alone,
    needs_other_model,
    read_note,
    shorter_context,
)
from desktop.ui.activity import Activity
from desktop.ui.answer_figures import figures_line
from desktop.ui.answer_sheet import AnswerSheet
from desktop.ui.code_block import CodeBlock
from desktop.ui.error_card import ErrorCard
from desktop.ui.growing_markdown import GrowingMarkdown
from desktop.ui.leaves_badge import Hosts, nobody
from desktop.ui.markdown import parse
from desktop.ui.message_actions import Action, MessageActions
from desktop.ui.message_body import MessageBody
from desktop.ui.message_editing import MessageEditing
from desktop.ui.model_words import bare_name
from desktop.ui.rich_text import RichText
from desktop.ui.thinking import Thinking
from desktop.ui.throttle import Throttle
from desktop.ui.tokens import Space
from desktop.ui.tool_block import ToolBlock
from desktop.ui.weakly import weakly

__all__ = ["AnswerView"]

_REPAINT_MS = 30
_IN_THE_LINE = frozenset({MessageState.COMPLETE, MessageState.STOPPED, MessageState.LENGTH})
_OFFERS = (Action.COPY, Action.AGAIN, Action.EDIT, Action.BRANCH)


class AnswerView(QWidget):
    """Shows one answer, kept or still being written (`stream`, then `finish`)."""

    link_meant = Signal(str, QPointF)
    grown = Signal()
    """More of what is being written is shown, and may want another height."""
    regenerate_requested = Signal(int)
    other_model_requested = Signal(int, QPoint)
    """(message, global position for a list of models)"""
    continue_requested = Signal(int)
    edit_submitted = Signal(int, str, bool)
    """(message, text, whether it is to be answered: never)"""
    sibling_requested = Signal(int, int)
    """(message, -1 or +1)"""
    branch_requested = Signal(int)
    retry_requested = Signal(int)
    model_wanted = Signal()
    template_wanted = Signal(int)
    overflow_chosen = Signal(int, object)
    """(message, way): see `ErrorCard`"""

    def __init__(
        self, message: StoredMessage, parent: QWidget | None = None, *, is_first: bool = False
    ) -> None:
        """Show `message`; in the state STREAMING more is expected.

        `is_first` says that nothing was said before its question.
        """
        super().__init__(parent)
        self._message = message
        self._is_first = is_first
        self._growing: GrowingMarkdown | None = None
        self._is_newest = False
        self._is_crashing = False
        self._own_template = ""
        self._chosen = ""
        self._hosts: Hosts = nobody
        self._larger: str | None = None
        self._thinking: Thinking | None = None
        self._tools: ToolBlock | None = None
        self._card: ErrorCard | None = None
        self._activity: Activity | None = None
        self._repaint: Throttle | None = None
        self._editing: MessageEditing | None = None
        self._body = MessageBody(self)
        self._body.link_meant.connect(self.link_meant)
        self._actions = MessageActions(of_answer=True, parent=self)
        if self._actions.line is not None:
            self._actions.line.clicked.connect(self._open_sheet)
        self._actions.chosen.connect(self._on_chosen)
        self._actions.other_model_requested.connect(self._on_other_model_requested)
        self._actions.continue_requested.connect(self._on_continue_requested)
        self._actions.sibling_requested.connect(self._on_sibling_requested)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.S)
        self._layout.addWidget(self._body)
        self._layout.addWidget(self._actions)
        if message.reasoning:
            self._shown_thinking().show_past(message.reasoning, message.thinking_seconds)
        if message.state is MessageState.STREAMING:
            self._begin()
        else:
            self._body.show_source(message.content)
            self._show_end()

    @property
    def message(self) -> StoredMessage:
        """What is shown, as it was given last."""
        return self._message

    @property
    def is_being_edited(self) -> bool:
        """Whether there is text in a field that would be lost with this view."""
        return self._editing is not None and self._editing.is_open

    @property
    def edited_text(self) -> str:
        """What is written in that field."""
        return self._editing.text if self._editing is not None else ""

    def is_streaming(self) -> bool:
        """Tell whether more is expected."""
        return self._growing is not None

    def build_more(self, seconds: float) -> bool:
        """Build more of a long answer for about `seconds`; return whether something is left."""
        return self._body.build_more(seconds)

    def texts(self) -> list[RichText]:
        """Return what can be selected and searched, in reading order."""
        if self.is_being_edited:
            return []
        thoughts = self._thinking.text if self._thinking is not None else None
        segments = self._body.segments()
        return [
            *([thoughts] if thoughts is not None else []),
            *(part.text if isinstance(part, CodeBlock) else part for part in segments),
            *(self._tools.texts() if self._tools is not None else []),
        ]

    def stream(self, piece: str, *, thinking: bool) -> None:
        """Show more words, of the answer or of the thinking before it; ignored once finished."""
        if self._growing is None or self._repaint is None:
            return
        if thinking:
            self._shown_thinking().add(piece)
            self.set_activity("")
            return
        if self._thinking is not None:
            self._thinking.end()
        self._drop_activity()
        self._growing.append(piece)
        self._repaint.call()

    def set_activity(self, words: str | None) -> None:
        """Say what is going on at the place where words will come; None: nothing to say."""
        if self._growing is None:
            return
        if words or not self._growing.source:
            if self._activity is None:
                self._activity = Activity()
                self._layout.insertWidget(self._layout.indexOf(self._actions), self._activity)
            self._activity.say(words or "")
        else:
            self._drop_activity()

    def finish(self, message: StoredMessage) -> None:
        """Show the answer as it is kept."""
        self._message = message
        if self._repaint is not None:
            self._repaint.cancel()
        growing, self._growing = self._growing, None
        if growing is not None and growing.source == message.content:
            self._body.finish(growing.finish().settled)
        else:
            self._body.finish(parse(message.content))
        if self._thinking is not None:
            self._thinking.end(message.thinking_seconds)
        elif message.reasoning:
            self._shown_thinking().show_past(message.reasoning, message.thinking_seconds)
        self._show_end()

    def set_place(self, place: int, siblings: int) -> None:
        """Show that this is version `place`, from 1, of `siblings`."""
        self._actions.set_place(place, siblings)

    def set_newest(self, newest: bool) -> None:
        """Offer to try again, or to go on, for the newest answer only."""
        self._is_newest = newest
        state = self._message.state
        # What was interrupted has a card that offers it.
        ended_early = state in {MessageState.STOPPED, MessageState.LENGTH}
        self._actions.set_can_continue(newest and ended_early and bool(self._message.content))
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

    def set_chosen(self, model: str) -> None:
        """Tell which model is chosen, by its name; empty where nobody knows."""
        self._chosen = model
        if self._card is not None:
            self._card.set_other_chosen(model not in ("", self._message.model))

    def set_hosts(self, hosts: Hosts) -> None:
        """Say below the words if they came from another computer, by the name of its model."""
        if hosts is not self._hosts:
            self._hosts = hosts
            self._say()

    def set_larger(self, text: str | None) -> None:
        """Tell what a larger context takes, where the chat is too long; None: there is none."""
        self._larger = text
        if self._card is not None:
            self._card.set_larger(text)

    def begin_edit(self, left: str | None = None) -> None:
        """Put a field in the place of the words, with the cursor in it; see `MessageEditing`."""
        if self._growing is not None:
            return
        if self._editing is None:
            self._editing = MessageEditing(
                self, self._layout, self._body, self._actions, is_answer=True
            )
            self._editing.submitted.connect(
                lambda text, ask: self.edit_submitted.emit(self._message.id, text, ask)
            )
        texts = self.texts()
        font = texts[0].font() if texts else self.font()
        self._editing.open(self._message.content, font, left=left)

    def copy(self) -> None:
        """Put the answer into the clipboard, as Markdown."""
        growing = self._growing
        self._actions.copy(growing.source if growing is not None else self._message.content)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._actions.set_revealed(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._actions.set_revealed(False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _begin(self) -> None:
        """Expect more words behind those that are there."""
        if self._repaint is None:
            self._repaint = Throttle(weakly(self._show_progress, None), _REPAINT_MS, self)
        self._growing = GrowingMarkdown()
        self._growing.append(self._message.content)
        self._show_progress()
        self._actions.set_offers((Action.COPY,))
        self._actions.set_can_continue(False)
        self.set_activity("")
        self._say()

    def _show_progress(self) -> None:
        if self._growing is not None:
            progress = self._growing.progress()
            self._body.show_parts(progress.settled, progress.growing)
            self._show_body(there=bool(progress.settled or progress.growing))
            self.grown.emit()

    def _show_body(self, *, there: bool) -> None:
        # Showing what is not hidden would cost as much as showing it twice.
        if self._body.isHidden() is there:
            self._body.setVisible(there)

    def _show_end(self) -> None:
        self._drop_activity()
        self._drop_card()
        self._show_body(there=bool(self._message.content))
        if self._message.tool_calls:
            self._shown_tools().show_calls(self._message.tool_calls)
        if self._message.state not in _IN_THE_LINE:
            self._show_card()
        self._actions.set_offers(_OFFERS if self._message.content else (Action.AGAIN,))
        self._say()
        self.set_newest(self._is_newest)

    def _show_card(self) -> None:
        message, note = self._message, self._message.note
        card = ErrorCard(
            message.state,
            read_note(note),
            other_model=needs_other_model(note),
            too_long=is_too_long(note),
            too_large=shorter_context(note) if is_too_large(note) else None,
            alone=self._is_first or is_too_long_alone(note),
            has_words=bool(message.content) and message.state is MessageState.INTERRUPTED,
        )
        card.retry_requested.connect(lambda: self.retry_requested.emit(message.id))
        card.continue_requested.connect(lambda: self.continue_requested.emit(message.id))
        card.model_wanted.connect(self.model_wanted)
        card.template_wanted.connect(lambda: self.template_wanted.emit(message.id))
        card.overflow_chosen.connect(lambda way: self.overflow_chosen.emit(message.id, way))
        card.set_crashing(self._is_crashing)
        card.set_larger(self._larger)
        self._card = card
        self.set_own_template(self._own_template)
        self.set_chosen(self._chosen)
        self._layout.insertWidget(self._layout.indexOf(self._actions), card)

    def _drop_card(self) -> None:
        if self._card is not None:
            self._layout.removeWidget(self._card)
            self._card.hide()
            self._card.deleteLater()
            self._card = None

    def _drop_activity(self) -> None:
        if self._activity is not None:
            self._layout.removeWidget(self._activity)
            self._activity.hide()
            self._activity.deleteLater()
            self._activity = None

    def _say(self) -> None:
        words = figures_line(self._message) if self._growing is None else ""
        host = self._hosts(self._message.model) if self._has_words else ""
        name = bare_name(self._message.model)
        self._actions.say_line(words, self.tr("More about this answer"), host, name)

    @property
    def _has_words(self) -> bool:
        """Whether anything came: one that failed at once may never have been sent."""
        shown = self._message
        has_failed = shown.state is MessageState.FAILED
        return not has_failed or bool(shown.content or shown.reasoning)

    def _shown_thinking(self) -> Thinking:
        if self._thinking is None:
            self._thinking = Thinking(self)
            self._layout.insertWidget(0, self._thinking)
        return self._thinking

    def _shown_tools(self) -> ToolBlock:
        if self._tools is None:
            self._tools = ToolBlock(self)
            self._layout.insertWidget(self._layout.indexOf(self._body) + 1, self._tools)
        return self._tools

    def _open_sheet(self) -> None:
        AnswerSheet(self._message, self).open_at(self._actions.line or self)

    def _on_chosen(self, action: Action) -> None:
        match action:
            case Action.COPY:
                self.copy()
            case Action.AGAIN:
                self.regenerate_requested.emit(self._message.id)
            case Action.EDIT:
                self.begin_edit()
            case Action.BRANCH:
                self.branch_requested.emit(self._message.id)

    def _on_other_model_requested(self, where: QPoint) -> None:
        self.other_model_requested.emit(self._message.id, where)

    def _on_continue_requested(self) -> None:
        self.continue_requested.emit(self._message.id)

    def _on_sibling_requested(self, step: int) -> None:
        self.sibling_requested.emit(self._message.id, step)
