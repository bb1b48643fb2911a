"""Finds words in a whole chat: what is built is lit up, the rest is read in portions.

Counting goes from what the reader sees to the end and then from the beginning, a few messages
between two frames. What is not built is counted by its source without its marks; once it is built,
by what is seen. GUI thread.
"""

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QTextCursor

from desktop.domain.chat import Role
from desktop.domain.history import StoredMessage
from desktop.ui.find_bar import FindBar
from desktop.ui.find_hits import FoundRows, Words, hits_in, utf16_spans, words_of, words_seen
from desktop.ui.row_frame import RowFrame
from desktop.ui.transcript_selection import texts_of

if TYPE_CHECKING:
    from desktop.ui.rich_text import RichText
    from desktop.ui.transcript import Transcript

__all__ = ["FindInChat"]

_TYPING_MS = 120
_SLICE_SECONDS = 0.006
_AT_ONCE = 8


class FindInChat(QObject):
    """Connects one `transcript` with its `bar`."""

    def __init__(self, transcript: "Transcript", bar: FindBar) -> None:
        """Look for nothing."""
        super().__init__(transcript)
        self._column = transcript
        self._bar = bar
        self._words: Words | None = None
        self._found = FoundRows()
        self._current: tuple[int, int] | None = None
        """(message, which of the places in it)"""
        self._left: list[range] = []
        self._wants_first = False
        self._lit: dict[int, tuple[object, ...]] = {}
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._on_typed)
        self._reading = QTimer(self, interval=1)
        self._reading.timeout.connect(self._on_time_to_read)
        bar.words_changed.connect(self._on_words_changed)
        bar.step_wanted.connect(self._on_step_wanted)
        bar.closed.connect(self.forget)

    def forget(self) -> None:
        """Look for nothing any more."""
        self._typing.stop()
        self._reading.stop()
        self._words = None
        self._current = None
        self._found = FoundRows()
        self._left = []
        self._bar.show_nothing()
        self.show()
        self._lit = {}
        if self._bar.isVisible():
            self._bar.close_bar()

    def look_again(self) -> None:
        """Count anew: the chat has other messages now."""
        if self._words is not None and self._bar.isVisible():
            self._begin(jump=False)

    def light(self, message: int, words: str) -> None:
        """Go to the first place of any of `words` in `message`, and light all of them up."""
        self._words = words_of(words, apart=True)
        self._current = (message, 0)
        self._go_to(message, 0)
        self.show()

    def show(self) -> None:
        """Light up what is built."""
        if self._words is None and not self._lit:
            return
        seen: dict[int, tuple[object, ...]] = {}
        is_other = False
        for frame in self._column.frames:
            texts = texts_of(frame)
            place = self._current[1] if self._current and self._current[0] == frame.message else -1
            state = (self._words, place, tuple((id(t), t.document().revision()) for t in texts))
            if self._lit.get(frame.message) != state:
                self._light(frame, texts, place)
                is_other = True
            seen[frame.message] = state
        self._lit = seen if self._words is not None else {}
        if is_other:
            # An answer under way has more of them with each line.
            self._say()

    def _light(self, frame: RowFrame, texts: "list[RichText]", place: int) -> None:
        row = self._column.rows.row_of(frame.message)
        before = 0
        for text in texts:
            spans = self._spans(text)
            text.show_hits(spans, place - before if 0 <= place - before < len(spans) else -1)
            before += len(spans)
        if row is not None and self._words is not None and _is_whole(frame):
            self._found.set(row, before)

    def _spans(self, text: "RichText") -> list[tuple[int, int]]:
        if self._words is None:
            return []
        plain = text.document().toPlainText()
        return utf16_spans(plain, hits_in(plain, self._words))

    def _on_words_changed(self) -> None:
        self._typing.start()

    def _on_typed(self) -> None:
        if not self._bar.isVisible():
            return
        words = words_of(self._bar.field.text())
        if words == self._words:
            return
        self._words = words
        self._current = None
        if words is None:
            self._reading.stop()
            self._found = FoundRows()
            self._bar.show_nothing()
            self.show()
        else:
            self._begin(jump=True)

    def _begin(self, *, jump: bool) -> None:
        rows = len(self._column.rows)
        first = self._column.row_under(0) if rows else 0
        self._found = FoundRows()
        self._left = [range(first, rows), range(first)]
        self._wants_first = jump
        self._lit = {}
        self.show()
        self._reading.start()
        self._on_time_to_read()

    def _on_time_to_read(self) -> None:
        until = time.perf_counter() + _SLICE_SECONDS
        while self._left and time.perf_counter() < until:
            rows = self._left.pop(0)
            if rows:
                self._count(rows[:_AT_ONCE])
                self._left.insert(0, rows[_AT_ONCE:])
                if self._wants_first and self._found.total:
                    self._jump_to_first()
        if not self._left:
            self._reading.stop()
        self._say()

    def _count(self, rows: range) -> None:
        if self._words is None:
            return
        refs = self._column.rows.refs
        for message in self._column.messages_of([refs[row].id for row in rows]):
            row = self._column.rows.row_of(message.id)
            frame = self._column.frame_of(message.id)
            if row is None:
                continue
            if frame is not None and _is_whole(frame) and not frame.isHidden():
                count = sum(len(self._spans(text)) for text in texts_of(frame))
            else:
                count = len(hits_in(_readable(message), self._words))
            self._found.set(row, count)

    def _jump_to_first(self) -> None:
        self._wants_first = False
        found = self._found.first_from(self._column.row_under(0))
        if found is not None:
            self._go(*found)

    def _on_step_wanted(self, step: int) -> None:
        if self._typing.isActive():
            self._typing.stop()
            self._on_typed()
            return
        row = self._row()
        found = self._found.after(row, self._current[1] if self._current else -1, step)
        if found is not None:
            self._go(*found)

    def _row(self) -> int:
        row = self._column.rows.row_of(self._current[0]) if self._current else None
        return self._column.row_under(0) if row is None else row

    def _go(self, row: int, place: int) -> None:
        message = self._column.rows.refs[row].id
        frame = self._column.build_now(message)
        frame = self._unfolded(frame) if frame is not None else None
        if frame is not None:
            # What is seen may hold fewer of them, or more, than its source did.
            count = sum(len(self._spans(text)) for text in texts_of(frame))
            self._found.set(row, count)
            place = max(0, min(place, count - 1))
        self._current = (message, place)
        self._go_to(message, place)
        self.show()
        self._say()

    def _go_to(self, message: int, place: int) -> None:
        column = self._column
        frame = column.build_now(message)
        frame = self._unfolded(frame) if frame is not None else None
        if frame is None:
            return
        if frame.isHidden() or not column.is_in_sight(message):
            column.jump_to(message)
        for text in texts_of(frame):
            spans = self._spans(text)
            if place < len(spans):
                cursor = QTextCursor(text.document())
                cursor.setPosition(spans[place][0])
                area = text.cursorRect(cursor)
                area.moveTopLeft(text.viewport().mapTo(frame, area.topLeft()))
                column.show_inside(message, area)
                return
            place -= len(spans)
        column.jump_to(message)

    def _unfolded(self, frame: RowFrame) -> RowFrame | None:
        """Show all of a long question that has more of the words than its beginning."""
        if self._words is None or _is_whole(frame):
            return frame
        from desktop.ui.question_view import QuestionView

        column, view = self._column, frame.view
        seen = sum(len(self._spans(text)) for text in texts_of(frame))
        if (
            isinstance(view, QuestionView)
            and len(hits_in(view.message.content, self._words)) > seen
        ):
            # What is far away would not stay unfolded.
            column.jump_to(frame.message)
            there = column.frame_of(frame.message)
            if there is not None and isinstance(there.view, QuestionView):
                with column.holding_place():
                    there.view.unfold()
            return there
        return frame

    def _say(self) -> None:
        if self._words is None or not self._bar.isVisible():
            return
        number = 0
        if self._current is not None:
            number = self._found.number(self._row(), self._current[1])
        self._bar.show_count(number, self._found.total, sure=not self._left)


def _is_whole(frame: RowFrame) -> bool:
    """Tell whether all words of a message can be seen in its row."""
    from desktop.ui.question_view import QuestionView

    view = frame.view
    return frame.is_complete and not (isinstance(view, QuestionView) and view.is_folded)


def _readable(message: StoredMessage) -> str:
    is_source = message.role is Role.ASSISTANT
    return words_seen(message.content) if is_source else message.content
