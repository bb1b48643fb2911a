"""The keyboard in a transcript: scrolling, going from message to message, Tab through actions.

Rows come and go, so Qt's own order of focus, which is that of making, is of no use within them.
GUI thread.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop.ui.focus_chain import beside, takes_tab
from desktop.ui.row_frame import RowFrame

if TYPE_CHECKING:
    from desktop.ui.transcript import Transcript

__all__ = ["TranscriptKeys"]


class TranscriptKeys:
    """Belongs to one `transcript`."""

    def __init__(self, transcript: "Transcript") -> None:
        """Make the shortcuts."""
        self._column = transcript
        for keys, act in (
            ("Alt+Up", lambda: self._go(-1)),
            ("Alt+Down", lambda: self._go(1)),
            ("Ctrl++", lambda: transcript.zoom(1)),
            ("Ctrl+=", lambda: transcript.zoom(1)),
            ("Ctrl+-", lambda: transcript.zoom(-1)),
            ("Ctrl+0", lambda: transcript.zoom(0)),
        ):
            shortcut = QShortcut(QKeySequence(keys), transcript)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(act)

    def press(self, event: QKeyEvent) -> bool:
        """Act on a key; return whether it was one of ours."""
        column = self._column
        if event.matches(QKeySequence.StandardKey.Copy):
            column.selection.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            column.selection.select_all()
        elif event.modifiers() not in {
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        }:
            return False
        elif event.key() == Qt.Key.Key_Home:
            column.scroll_to(0)
        elif event.key() == Qt.Key.Key_End:
            column.jump_to_end()
        elif event.key() == Qt.Key.Key_Escape and column.selection.value is not None:
            column.selection.clear()
        else:
            return False
        event.accept()
        return True

    def turn(self, event: QWheelEvent) -> bool:
        """Zoom by the wheel; return whether Ctrl was held."""
        turned = event.angleDelta().y()
        if not turned or not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        self._column.zoom(1 if turned > 0 else -1)
        event.accept()
        return True

    def mark(self, message: int) -> None:
        """Put the focus frame around `message`."""
        frame = self._column.frame_of(message)
        if frame is not None:
            frame.setFocus(Qt.FocusReason.OtherFocusReason)

    def is_in(self, message: int) -> bool:
        """Tell whether the focus is at `message`."""
        now = self._frame()
        return now is not None and now.message == message

    def step(self, *, forward: bool) -> bool:
        """Move the focus to the next thing in the messages; return whether there was one."""
        column = self._column
        now = QApplication.focusWidget()
        if now is None or not len(column.rows) or column.find_bar.isAncestorOf(now):
            return False
        frame = self._frame()
        if frame is None:
            if not forward or now is not column:
                return False
            row, places, at = column.row_under(0), [], -1
            row -= 1
        else:
            found = column.rows.row_of(frame.message)
            if found is None:
                return False
            row, places = found, _places(frame)
            at = places.index(now) if now in places else (-1 if forward else 0)
        step = 1 if forward else -1
        if 0 <= at + step < len(places):
            return self._take(row, places[at + step])
        return self._take_beyond(row, step)

    def _take_beyond(self, row: int, step: int) -> bool:
        column = self._column
        row += step
        while 0 <= row < len(column.rows):
            message = column.rows.refs[row].id
            frame = column.show_now(message)
            places = _places(frame) if frame is not None else []
            if places:
                return self._take(row, places[0 if step > 0 else -1])
            row += step
        return self._leave(forward=step > 0)

    def _leave(self, *, forward: bool) -> bool:
        """Go to what comes after the transcript, or back to the transcript itself."""
        column = self._column
        if not forward:
            column.setFocus(Qt.FocusReason.BacktabFocusReason)
            return True
        after = beside(column, forward=True)
        while after is not None and after is not column:
            ours = column.isAncestorOf(after)
            usable = takes_tab(after) and after.isVisible()
            if usable and not ours and after.window() is column.window():
                after.setFocus(Qt.FocusReason.TabFocusReason)
                return True
            after = beside(after, forward=True)
        return False

    def _take(self, row: int, place: QWidget) -> bool:
        column = self._column
        message = column.rows.refs[row].id
        frame = column.frame_of(message)
        if frame is None:
            return False
        place.setFocus(Qt.FocusReason.TabFocusReason)
        column.reveal(message, QRect(place.mapTo(frame, QPoint(0, 0)), place.size()))
        return True

    def _frame(self) -> RowFrame | None:
        """Return the row that the focus is in."""
        now = QApplication.focusWidget()
        while now is not None and now is not self._column:
            if isinstance(now, RowFrame):
                return now if self._column.isAncestorOf(now) else None
            now = now.parentWidget()
        return None

    def _go(self, step: int) -> None:
        """Put the focus on the message above or below."""
        column = self._column
        if not len(column.rows) or not column.isVisible():
            return
        frame = self._frame()
        at = column.rows.row_of(frame.message) if frame is not None else None
        if at is None:
            near = column.row_under(column.viewport().height() - 1 if step < 0 else 0)
            row = near
        else:
            row = at + step
        row = max(0, min(row, len(column.rows) - 1))
        message = column.rows.refs[row].id
        there = column.frame_of(message)
        if there is None or there.isHidden():
            # Only what is shown takes the focus.
            column.jump_to(message)
        target = column.frame_of(message)
        if target is not None:
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)
            column.reveal(message, target.rect())


def _places(frame: RowFrame) -> list[QWidget]:
    """Return what of a row takes the focus with the Tab key, in the order of reading."""
    found = [
        one for one in frame.findChildren(QWidget) if takes_tab(one) and one.isVisibleTo(frame)
    ]
    return sorted(found, key=lambda one: one.mapTo(frame, QPoint(0, 0)).toTuple()[::-1])
