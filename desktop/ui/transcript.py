"""The chat as it is read: questions and answers in one column, the newest at the end.

The column follows the end only while the reader is there. Of a long chat the newest messages are
built at once, earlier ones when the reader comes near them. GUI thread.
"""

import time
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop.domain.chat import Role
from desktop.domain.history import StoredMessage
from desktop.ui.answer_view import AnswerView
from desktop.ui.empty_state import EmptyState
from desktop.ui.jump_button import JumpButton
from desktop.ui.link_popover import LinkPopover
from desktop.ui.question_view import QuestionView
from desktop.ui.tokens import Size, Space

__all__ = ["Transcript"]

_MOST_AT_ONCE = 60
_LEAST_AT_ONCE = 8
_BUILD_SECONDS = 0.08
_NEAR_END = 24
_NESTED_LAYOUTS = 8


class Transcript(QScrollArea):
    """Shows one chat. To write an answer: `append` it in the state STREAMING, `stream`, `finish`."""

    regenerate_requested = Signal()
    """Give the newest answer again."""
    retry_requested = Signal()
    """The newest answer failed; try again."""
    model_wanted = Signal()
    """The newest answer failed in a way that another model may not; choose one."""
    template_wanted = Signal()
    """The newest answer failed by the model's chat template; answer again with a built-in one."""
    example_chosen = Signal(str)
    """A question of the empty state was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show the empty state."""
        super().__init__(parent)
        self._views: list[QuestionView | AnswerView] = []
        self._earlier: list[StoredMessage] = []
        self._crashing = False
        self._own_template = ""
        self._follows = True
        self._placing = False
        self._value = 0
        self.setAccessibleName(self.tr("Conversation"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty_state = EmptyState()
        self.empty_state.example_chosen.connect(self.example_chosen)
        self._messages = QWidget()
        self._column = QVBoxLayout(self._messages)
        self._column.setSpacing(Space.XL)
        self._column.addStretch(1)
        content = QWidget()
        self._pages = QVBoxLayout(content)
        self._pages.setContentsMargins(0, 0, 0, 0)
        self._pages.addWidget(self.empty_state)
        self._pages.addWidget(self._messages)
        self.setWidget(content)
        content.setAutoFillBackground(False)
        self._popover = LinkPopover(self)
        self._jump = JumpButton(self)
        self._jump.clicked.connect(self.jump_to_end)
        bar = self.verticalScrollBar()
        bar.setSingleStep(40)
        bar.rangeChanged.connect(self._keep_place)
        bar.valueChanged.connect(self._on_scrolled)
        self._show_page()

    def show_chat(self, messages: Sequence[StoredMessage]) -> None:
        """Show `messages`, first to last, from the end; none shows the empty state."""
        self._popover.hide()
        for view in self._views:
            self._column.removeWidget(view)
            view.hide()
            view.deleteLater()
        self._views = []
        self._earlier = list(messages)
        self._follows = True
        self._build_earlier()
        self._mark_newest()
        self._show_page()
        self._jump.set_wanted(False)
        self._settle()
        self._keep_place()

    def append(self, message: StoredMessage) -> None:
        """Show `message` below the others and go there; one that is shown stays as it is.

        An answer with the parent of the last one takes its place: it is another answer to the
        same question.
        """
        if any(view.message.id == message.id for view in self._views[-2:]):
            return
        last = self._views[-1] if self._views else None
        siblings = isinstance(last, AnswerView) and last.message.parent == message.parent
        if last is not None and siblings and message.parent is not None:
            self._column.removeWidget(last)
            last.hide()
            last.deleteLater()
            self._views.pop()
        self._add(message)
        self._mark_newest()
        self._show_page()
        self.jump_to_end()

    def stream(self, text: str, thinking: bool) -> None:
        """Show the next piece of the answer being written, or of the thinking before it."""
        answer = self._writing()
        if answer is not None:
            answer.stream(text, thinking=thinking)

    def set_activity(self, text: str | None) -> None:
        """Say at the answer being written what is going on, e.g. "waiting for a place: 2"."""
        answer = self._writing()
        if answer is not None:
            answer.set_activity(text)

    def set_crashing(self, *, crashing: bool) -> None:
        """Say whether the chosen model crashes here, so that trying again is to try anyway."""
        self._crashing = crashing
        for view in self._views[-1:]:
            view.set_crashing(crashing)

    def set_own_template(self, model: str) -> None:
        """Say which chosen model uses the template in its file, by its name; empty for none."""
        self._own_template = model
        for view in self._views[-1:]:
            view.set_own_template(model)

    def finish(self, message: StoredMessage) -> None:
        """Show the answer that was being written as it is kept."""
        for view in reversed(self._views):
            if isinstance(view, AnswerView) and view.message.id == message.id:
                view.finish(message)
                return

    def jump_to_end(self) -> None:
        """Show the end, and follow it from now on."""
        self._follows = True
        self._keep_place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # From the width of the whole, so that the column stays when the scroll bar comes.
        side = max(Space.XL, (self.width() - Size.COLUMN) // 2)
        beside = self.width() - self.viewport().width()
        self._column.setContentsMargins(side, Space.XL, max(0, side - beside), Space.L)
        self._jump.place()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.setAccessibleName(self.tr("Conversation"))

    def _add(self, message: StoredMessage) -> None:
        view = self._view_of(message)
        self._column.insertWidget(self._column.count() - 1, view)
        view.set_crashing(self._crashing)
        view.set_own_template(self._own_template)
        self._views.append(view)

    def _view_of(self, message: StoredMessage) -> QuestionView | AnswerView:
        if message.role in {Role.USER, Role.SYSTEM}:
            return QuestionView(message)
        view = AnswerView(message)
        view.regenerate_requested.connect(self.regenerate_requested)
        view.retry_requested.connect(self.retry_requested)
        view.model_wanted.connect(self.model_wanted)
        view.template_wanted.connect(self.template_wanted)
        view.link_meant.connect(self._on_link_meant)
        return view

    def _writing(self) -> AnswerView | None:
        last = self._views[-1] if self._views else None
        return last if isinstance(last, AnswerView) and last.is_streaming() else None

    def _mark_newest(self) -> None:
        for view in self._views[-3:]:
            view.set_newest(view is self._views[-1])

    def _show_page(self) -> None:
        self.empty_state.setVisible(not self._views)
        self._messages.setVisible(bool(self._views))

    def _build_earlier(self) -> None:
        """Build messages before the first one shown.

        How many depends on how long they take: a chat opens at once, whatever is in it.
        """
        begin = time.perf_counter()
        built = 0
        while self._earlier and built < _MOST_AT_ONCE:
            view = self._view_of(self._earlier.pop())
            view.set_newest(False)
            view.set_crashing(self._crashing)
            view.set_own_template(self._own_template)
            self._column.insertWidget(0, view)
            view.show()
            self._views.insert(0, view)
            built += 1
            if built >= _LEAST_AT_ONCE and time.perf_counter() - begin > _BUILD_SECONDS:
                break

    def _settle(self) -> None:
        """Find the heights of all that was built now, so that nothing moves under the reader.

        A height that is found asks the layout around it to find its own, and so on outwards.
        """
        self._placing = True
        for _ in range(_NESTED_LAYOUTS):
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        self._placing = False

    def _keep_place(self) -> None:
        """Go to the end, if that is where the reader is."""
        if self._follows:
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _on_scrolled(self, value: int) -> None:
        before, self._value = self._value, value
        if self._placing:
            return
        bar = self.verticalScrollBar()
        away = bar.maximum() - value
        if away == 0 or (value > before and away <= _NEAR_END):
            self._follows = True
        elif value < before:
            self._follows = False
        self._jump.set_wanted(not self._follows and away > self.viewport().height() // 4)
        if self._earlier and not self._follows and value < self.viewport().height():
            self._show_earlier()

    def _show_earlier(self) -> None:
        """Build earlier messages above what the reader sees, which stays where it is."""
        bar = self.verticalScrollBar()
        first = self._views[0]
        place = first.y() - bar.value()
        self._build_earlier()
        self._settle()
        self._placing = True
        bar.setValue(first.y() - place)
        self._placing = False

    def _on_link_meant(self, address: str, where: QPointF) -> None:
        self._popover.ask(address, self.mapFromGlobal(where).toPoint())
