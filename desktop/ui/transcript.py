"""The chat as it is read: questions and answers in one column, the newest at the end.

The column follows the end only while the reader is there. What of a long chat is built, and when,
is the work of `virtual_column`; this adds what the rows are, and what a person does with them.
GUI thread.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QEvent, QPoint, QPointF, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent

from desktop.domain.chat import Role
from desktop.domain.errors import StorageError
from desktop.domain.history import MessageRef, StoredMessage
from desktop.ui.empty_state import EmptyState, scrolled
from desktop.ui.escape import claims_escape
from desktop.ui.find_bar import FindBar
from desktop.ui.find_in_chat import FindInChat
from desktop.ui.jump_button import JumpButton
from desktop.ui.leaves_badge import Hosts, nobody
from desktop.ui.left_edits import LeftEdits
from desktop.ui.link_popover import LinkPopover
from desktop.ui.message_column import MessageColumn
from desktop.ui.row_frame import RowFrame
from desktop.ui.transcript_keys import TranscriptKeys
from desktop.ui.transcript_selection import TranscriptSelection
from desktop.ui.transcript_texts import Load, TranscriptTexts
from desktop.ui.zoom import DEFAULT_ZOOM, ZOOM, next_zoom

if TYPE_CHECKING:
    from desktop.ui.answer_view import AnswerView
    from desktop.ui.message_views import MessageView

__all__ = ["Transcript"]


class Transcript(MessageColumn):
    """Shows one chat. To write an answer: `append` it in the state STREAMING, `stream`, `finish`.

    What is asked for at a message is passed on with the message's id.
    """

    regenerate_requested = Signal(int)
    """Give this answer again."""
    other_model_requested = Signal(int, QPoint)
    """Give this answer again by another model, chosen at a point of the screen (QPoint)."""
    continue_requested = Signal(int)
    """Go on writing this answer."""
    edit_submitted = Signal(int, str, bool)
    """(message, text, ask): this question or answer was changed."""
    sibling_requested = Signal(int, int)
    """(message, step): show the one before it, or after it, of those with the same parent."""
    branch_requested = Signal(int)
    """Begin a new chat that goes as far as this message."""
    retry_requested = Signal(int)
    """This answer failed; try again."""
    model_wanted = Signal()
    """An answer failed in a way that another model may not; choose one."""
    template_wanted = Signal(int)
    """This answer failed by the model's chat template; answer again with a built-in one."""
    overflow_chosen = Signal(int, object)
    """(message, way): what to do about a chat, or a model, that is too large; see `ErrorCard`."""
    example_chosen = Signal(str)
    """A question of the empty state was clicked."""
    zoom_changed = Signal(int)
    """A person wants the text at so many percent; it is shown so already."""
    reading_failed = Signal(object)
    """(StorageError): messages cannot be read."""

    def __init__(self) -> None:
        """Show the empty state."""
        super().__init__()
        self._texts = TranscriptTexts()
        self._edits = LeftEdits()
        self._crashing = False
        self._own_template = self._chosen = ""
        self._hosts: Hosts = nobody
        self._larger: tuple[int, str | None] = (0, None)
        self._activity: str | None = None
        self._zoom = DEFAULT_ZOOM
        self.setAccessibleName(self.tr("Conversation"))
        self.empty_state = EmptyState()
        self.empty_state.example_chosen.connect(self.example_chosen)
        self._welcome = scrolled(self.empty_state, self.viewport())
        self._popover = LinkPopover(self)
        self._jump = JumpButton(self)
        self._jump.clicked.connect(self.jump_to_end)
        self.selection = TranscriptSelection(self)
        self.selection.link_meant.connect(self._on_link_meant)
        self.find_bar = FindBar(self)
        self._find = FindInChat(self, self.find_bar)
        self._keys = TranscriptKeys(self)
        self._show_page()

    # What is shown.

    def show_chat(self, refs: Sequence[MessageRef], load: Load, *, stay: bool = False) -> None:
        """Show the messages `refs`, first to last, from the end; none shows the empty state.

        `load` reads the messages of some ids as they are at that moment; a StorageError it raises
        comes out of `reading_failed`. With `stay` it is another branch of the chat on show: the
        place of the reader and what is built stay, as far as both branches go together.
        """
        self._popover.hide()
        if not stay:
            for frame in self.frames_built():
                self.give_up(frame.message)
            self.selection.clear()
            self._find.forget()
        self._activity = None
        self._texts = TranscriptTexts(load, [one.id for one in refs])
        same = {one.id for one in self.rows.refs} if stay else set()
        self.rows.reset(refs)
        self._show_page()
        if not stay:
            self._jump.set_wanted(False)
            self.show_rows()
            return
        self._mark()
        self.rows_changed()
        fresh = next((one.id for one in refs if one.id not in same), None)
        if fresh is not None and not self.follows:
            self.bring_in_sight(fresh)
        self.selection.clear()
        self._find.look_again()

    def append(self, message: StoredMessage) -> None:
        """Show `message` below the others and go there; one that is shown stays as it is.

        An answer with the parent of the last one takes its place: it is another answer to the
        same question.
        """
        if self.rows.row_of(message.id) is not None:
            return
        newest = len(self.rows) - 1
        last = self.message_at(newest) if newest >= 0 else None
        if (
            last is not None
            and last.parent == message.parent is not None
            and last.role is Role.ASSISTANT
        ):
            self.give_up(last.id)
            self.rows.remove_last()
        self._texts.put(message)
        self.rows.append(MessageRef(message.id, message.role))
        self._show_page()
        self._mark()
        self._activity = None
        self.build_now(message.id)
        self.jump_to_end()

    def stream(self, message: int, text: str, thinking: bool) -> None:
        """Show the next piece of the answer being written, or of the thinking before it."""
        view = self._answer(message)
        if view is not None:
            view.stream(text, thinking=thinking)
        else:
            self._texts.forget(message)

    def finish(self, message: StoredMessage) -> None:
        """Show the answer that was being written as it is kept."""
        self._texts.put(message)
        view = self._answer(message.id)
        if view is not None:
            view.finish(message)
            self.selection.show()
        self._find.look_again()

    def set_activity(self, text: str | None) -> None:
        """Say at the answer being written what is going on, e.g. "waiting for a place: 2"."""
        self._activity = text
        view = self._answer(self.rows.refs[-1].id) if len(self.rows) else None
        if view is not None and view.is_streaming():
            view.set_activity(text)

    def set_crashing(self, *, crashing: bool) -> None:
        """Say whether the chosen model crashes here, so that trying again is to try anyway."""
        self._crashing = crashing
        self._mark()

    def set_own_template(self, model: str) -> None:
        """Say which chosen model uses the template in its file, by its name; empty for none."""
        self._own_template = model
        self._mark()

    def set_chosen(self, model: str) -> None:
        """Say which model is chosen, by its name: where another one failed it can be asked."""
        self._chosen = model
        self._mark()

    def set_hosts(self, hosts: Hosts) -> None:
        """`hosts` tells by the name of a model which other computer reads what it is asked."""
        self._hosts = hosts
        self._mark()

    def set_larger(self, message: int, words: str | None) -> None:
        """Say at `message`, which was too long for the model, what a larger context takes."""
        self._larger = message, words
        self._mark()

    def show_message(self, message: int, words: str = "") -> None:
        """Go to `message` and light up the first place of `words` in it."""
        if words:
            self._find.light(message, words)
        else:
            self.jump_to(message)
            self._keys.mark(message)

    def unlight(self) -> None:
        """Let go of the words that `show_message` lit up; those of the find bar stay."""
        if not self.find_bar.isVisible():
            self._find.forget()

    def open_find(self) -> None:
        """Let a person find words in the chat."""
        if len(self.rows):
            self.find_bar.open(self.selection.words())

    def edit(self, message: int) -> None:
        """Let a person change `message` at its place."""
        self.jump_to(message)
        view = self._view(message)
        if view is not None:
            view.begin_edit()

    # Zoom.

    @property
    def zoom_percent(self) -> int:
        """How large the text is."""
        return self._zoom

    def set_zoom(self, percent: int) -> None:
        """Show the text at `percent` of its size."""
        if percent != self._zoom:
            self._zoom = percent
            self.setProperty(ZOOM, percent)
            with self.holding_place():
                self.size_texts()

    def zoom(self, step: int) -> None:
        """Show the text one step larger (+1) or smaller (-1), or in its own size (0)."""
        percent = next_zoom(self._zoom, step)
        if percent != self._zoom:
            self.set_zoom(percent)
            self.zoom_changed.emit(percent)

    # For the parts beside this.

    def message_at(self, row: int) -> StoredMessage | None:
        """Return the message in `row`, None when it cannot be read."""
        try:
            return self._texts.get(self.rows.refs[row].id, row)
        except StorageError as error:
            self.reading_failed.emit(error)
            return None

    def messages_of(self, ids: Sequence[int]) -> list[StoredMessage]:
        """Return those of some messages that can be read, in order, without keeping them."""
        try:
            return self._texts.all_of(ids)
        except StorageError as error:
            self.reading_failed.emit(error)
            return []

    # What the column asks.

    def make_frame(self, message: int) -> RowFrame | None:
        row = self.rows.row_of(message)
        stored = self.message_at(row) if row is not None else None
        if row is None or stored is None:
            return None
        from desktop.ui.memory_line import MemoryLine
        from desktop.ui.message_views import as_answer, pass_on, view_of

        view = view_of(stored, is_first=row < 2)
        view.link_meant.connect(self._on_link_meant)
        pass_on(view, self)
        line = MemoryLine(stored.memory) if stored.memory is not None else None
        answer = as_answer(view)
        if answer is not None:
            answer.grown.connect(partial(self.settle, message))
        frame = RowFrame(message, view, line, self.canvas, ends_free=answer is None)
        frame.set_compact(compact=self.is_compact)
        self._mark_one(frame)
        self._edits.give(view)
        is_last = row == len(self.rows) - 1
        if answer is not None and answer.is_streaming() and is_last and self._activity:
            answer.set_activity(self._activity)
        return frame

    def give_up(self, message: int) -> None:
        self._edits.keep(self._view(message))
        super().give_up(message)

    def is_kept(self, message: int) -> bool:
        view = self._view(message)
        lives = view is not None and (view.is_streaming() or view.is_being_edited)
        return lives or self._keys.is_in(message)

    def on_moved(self) -> None:
        away = self.content_height() - self.viewport().height() - self.place
        self._jump.set_wanted(not self.follows and away > self.viewport().height() // 4)
        self._texts.keep_only(frame.message for frame in self.frames_built())
        self.selection.show()
        self._find.show()

    # Events.

    def event(self, event: QEvent) -> bool:
        # Esc lets go of what is selected first; other events come before there is a selection.
        override = event.type() == QEvent.Type.ShortcutOverride
        selected = override and self.selection.value is not None
        return (selected and claims_escape(event)) or super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._welcome.setGeometry(self.viewport().rect())
        super().resizeEvent(event)
        self._jump.place()
        self.find_bar.place()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.setAccessibleName(self.tr("Conversation"))
            self._mark()
        elif event.type() == QEvent.Type.FontChange:
            self.size_texts()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self._keys.turn(event):
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._keys.press(event):
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        return self._keys.step(forward=forward) or super().focusNextPrevChild(forward)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.selection.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.selection.drag(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.selection.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.selection.press_twice(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if len(self.rows):
            self.selection.open_menu(event.globalPos())

    # The rest.

    def _view(self, message: int) -> "MessageView | None":
        frame = self.frame_of(message)
        # A row knows its view as a widget only; `make_frame` made it.
        return cast("MessageView | None", frame.view if frame is not None else None)

    def _answer(self, message: int) -> "AnswerView | None":
        view = self._view(message)
        if view is None:
            return None
        from desktop.ui.message_views import as_answer

        return as_answer(view)

    def _mark(self) -> None:
        for frame in self.frames_built():
            self._mark_one(frame)

    def _mark_one(self, frame: RowFrame) -> None:
        row = self.rows.row_of(frame.message)
        view = cast("MessageView", frame.view)
        if row is None:
            return
        ref = self.rows.refs[row]
        is_answer = ref.role is Role.ASSISTANT
        frame.setAccessibleName(self.tr("Answer") if is_answer else self.tr("Question"))
        view.set_newest(row == len(self.rows) - 1)
        view.set_crashing(self._crashing)
        view.set_own_template(self._own_template)
        view.set_chosen(self._chosen)
        view.set_hosts(self._hosts)
        view.set_larger(self._larger[1] if frame.message == self._larger[0] else None)
        view.set_place(ref.place, ref.siblings)

    def _show_page(self) -> None:
        self._welcome.setVisible(not len(self.rows))
        self.canvas.setVisible(bool(len(self.rows)))

    def _on_link_meant(self, address: str, where: QPointF) -> None:
        self._popover.ask(address, self.mapFromGlobal(where).toPoint())
