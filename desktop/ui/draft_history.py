"""Earlier questions brought back into the field: Ctrl+Up older, Ctrl+Down newer.

Up in an empty field means the last message of the chat, to be changed. GUI thread.
"""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent

from desktop.ui.composer import Composer

__all__ = ["DraftHistory"]


class DraftHistory(QObject):
    """Takes keys from the composer's field before the field does."""

    edit_last_requested = Signal()

    def __init__(self, composer: Composer, texts: Callable[[], Sequence[str]]) -> None:
        """`texts` returns what was sent, the newest first; it is asked when somebody goes back."""
        super().__init__(composer)
        self._composer = composer
        self._texts = texts
        self._earlier: list[str] = []
        self._place = -1
        self._unsent = ""
        self._shown = ""
        composer.field.ask_first(self)

    def take_key(self, event: QKeyEvent) -> bool:
        """Use Ctrl+Up, Ctrl+Down, and Up where nothing is written."""
        key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key not in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            return False
        step = 1 if key == Qt.Key.Key_Up else -1
        if modifiers == Qt.KeyboardModifier.ControlModifier:
            self._go(step)
            return True
        is_empty = not self._composer.draft()
        if step > 0 and is_empty and modifiers == Qt.KeyboardModifier.NoModifier:
            self.edit_last_requested.emit()
            return True
        return False

    def _go(self, step: int) -> None:
        now = self._composer.draft()
        if self._place < 0 or now != self._shown:
            # Not begun yet, or what was brought back has been changed: that is the draft now.
            self._place, self._unsent = -1, now
            self._earlier = [text for text in self._texts() if text.strip()]
        place = self._place + step
        if not -1 <= place < len(self._earlier):
            return
        self._place = place
        if place < 0:
            self._composer.set_draft(self._unsent)
        else:
            self._composer.set_question(self._earlier[place])
        self._shown = self._composer.draft()
