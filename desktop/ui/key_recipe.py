"""How a key is bound in the desktop itself: the recipe, and a button that does it. GUI thread."""

from typing import Final

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.domain.hotkey import KeyResult, KeyStatus
from desktop.services.hotkey import Binding
from desktop.ui.buttons import TextButton
from desktop.ui.command_line import CommandLine
from desktop.ui.key_words import native
from desktop.ui.labels import PlainLabel, restyle
from desktop.ui.row_note import RowNote
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["KeyRecipe"]


_DONE: Final = frozenset({KeyStatus.BOUND, KeyStatus.UNVERIFIED, KeyStatus.PENDING})


class KeyRecipe(QWidget):
    """Values in, signals out."""

    write_wanted = Signal()
    """The desktop's shortcut is to be written."""
    remove_wanted = Signal()
    """It is to be taken away again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._binding: Binding | None = None
        self._chord = ""
        self._can_write = False
        self._is_busy = False
        self._result: KeyResult | None = None
        self._problem: LapisError | None = None
        self._write = TextButton(kind="primary")
        self._remove = TextButton(kind="quiet")
        self._note = RowNote()
        self._how = PlainLabel(tone="muted", size="small", wrap=True)
        self._line = CommandLine()
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(Space.S)
        buttons.addWidget(self._write)
        buttons.addWidget(self._remove)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(buttons)
        column.addWidget(self._note)
        column.addWidget(self._how)
        column.addWidget(self._line)
        self._write.clicked.connect(self.write_wanted)
        self._remove.clicked.connect(self.remove_wanted)
        self._say()

    def show_recipe(self, binding: Binding, chord: str, *, can_write: bool) -> None:
        """Show how to bind `chord`; `can_write`: a click can do it."""
        self._binding, self._chord, self._can_write = binding, chord, can_write
        self._say()

    def show_outcome(
        self, result: KeyResult | None, problem: LapisError | None, *, busy: bool
    ) -> None:
        """Show what came of the click."""
        self._result, self._problem, self._is_busy = result, problem, busy
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        keys = native(self._chord)
        self._write.setText(self.tr("Set up {keys} in the desktop").format(keys=keys))
        self._write.setVisible(self._can_write and bool(keys))
        self._write.setEnabled(not self._is_busy)
        self._remove.setText(self.tr("Remove it there"))
        has_it = self._result is not None and self._result.status in _DONE
        restyle(self._write, "kind", "normal" if has_it else "primary")
        self._remove.setVisible(self._can_write and has_it and not self._is_busy)
        self._line.say(self.tr("Command for the key"), self.tr("Copy the command"))
        for widget in (self._how, self._line):
            widget.setVisible(not has_it)
        if self._binding is not None:
            how = say(self._binding.how)
            self._how.setText(
                self.tr("Or by hand: {how}").format(how=how) if keys and self._can_write else how
            )
            self._line.show_words(self._binding.words)
        self._say_outcome(keys)

    def _say_outcome(self, keys: str) -> None:
        result = self._result
        if self._is_busy:
            self._note.show_busy(self.tr("Asking the desktop…"))
        elif self._problem is not None:
            self._note.show_error(self._problem)
        elif result is None:
            self._note.clear()
        elif result.status is KeyStatus.OFF:
            self._note.show_words(self.tr("The desktop has forgotten the key."))
        elif result.status in _DONE:
            done = self.tr("The desktop has it: {keys}. Press it now to be sure.").format(keys=keys)
            self._note.show_words(self._because(done, result), "good")
        elif result.status is KeyStatus.TAKEN:
            taken = self.tr("The desktop already uses {keys} for something else.").format(keys=keys)
            self._note.show_words(self._because(taken, result), "warn")
        else:
            words = self.tr("The desktop did not take it.")
            self._note.show_words(self._because(words, result), "warn")

    def _because(self, words: str, result: KeyResult) -> str:
        if result.reason is None:
            return words
        return self.tr("{fact} {reason}").format(fact=words, reason=say(result.reason))
