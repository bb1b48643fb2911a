"""What is called while typing: "/" a saved prompt, "@" a model. GUI thread."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor

from desktop.ui.call_list import CallItem, CallList
from desktop.ui.composer import Composer
from desktop.ui.escape import claims_escape

__all__ = ["Call", "ComposerCalls", "call_at"]

_CALL = re.compile(r"(?:^|(?<=\n))/(\S*)$|(?:^|(?<=\s))@(\S*)$")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Call:
    """A mark ("/" or "@") with the word typed after it, from character `start` on."""

    mark: str
    word: str
    start: int


def call_at(text: str, cursor: int) -> Call | None:
    """Return the call that ends at `cursor`: "/" begins a line, "@" follows a space."""
    before = text[max(0, cursor - _LONGEST) : cursor]
    found = _CALL.search(before)
    if found is None:
        return None
    start = cursor - len(found.group())
    return Call(text[start], text[start + 1 : cursor], start)


class ComposerCalls(QObject):
    """Opens the list for a call and tells what was taken; the call leaves the field."""

    taken = Signal(str, object)
    """(mark, value of the item)"""

    def __init__(
        self, composer: Composer, items: Callable[[Call], tuple[Sequence[CallItem], str]]
    ) -> None:
        """`items` returns what is offered for a call, and how a screen reader names that list."""
        super().__init__(composer)
        self._composer = composer
        self._items = items
        self._call: Call | None = None
        self._closed: Call | None = None
        self._list = CallList(composer)
        self._list.taken.connect(self._on_taken)
        composer.field.ask_first(self)
        composer.field.installEventFilter(self)
        composer.field.textChanged.connect(self._look)
        composer.field.cursorPositionChanged.connect(self._look)
        composer.field.focus_changed.connect(self._on_focus_changed)
        composer.prompts_wanted.connect(self._on_prompts_wanted)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Keep Esc from the window, which would stop the answer, while the list is open."""
        if event.type() != QEvent.Type.ShortcutOverride:
            # Nothing else is looked at: the last events come when the list is gone already.
            return False
        return self._list.isVisible() and claims_escape(event)

    def take_key(self, event: QKeyEvent) -> bool:
        """Give the key to the list; what Esc closed stays closed until something else is typed."""
        taken = self._list.take_key(event)
        if taken and not self._list.isVisible():
            self._closed = self._call
        return taken

    def _look(self) -> None:
        cursor = self._composer.field.textCursor()
        block = cursor.block()
        call = None
        if not cursor.hasSelection():
            found = call_at(block.text(), cursor.positionInBlock())
            call = found and Call(found.mark, found.word, block.position() + found.start)
        if call == self._call:
            return
        self._call = call
        if call is None or call == self._closed:
            self._list.hide()
            return
        self._closed = None
        self._list.offer(*self._items(call))

    def _on_taken(self, value: object) -> None:
        call = self._call
        if call is None:
            return
        cursor = self._composer.field.textCursor()
        cursor.setPosition(call.start)
        cursor.setPosition(call.start + 1 + len(call.word), QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        self._composer.focus_field()
        self.taken.emit(call.mark, value)

    def _on_prompts_wanted(self) -> None:
        """Call a prompt as by typing: on a line of its own."""
        field = self._composer.field
        self._composer.focus_field()
        cursor = field.textCursor()
        if cursor.positionInBlock() > 0:
            cursor.movePosition(QTextCursor.MoveOperation.Start)
            if field.toPlainText():
                cursor.insertText("\n")
                cursor.movePosition(QTextCursor.MoveOperation.Start)
        cursor.insertText("/")
        field.setTextCursor(cursor)

    def _on_focus_changed(self, focused: bool) -> None:
        if not focused:
            self._list.hide()
        else:
            self._call = None
            self._look()
