"""Asks how much smaller a model is to be made, with what each choice takes and costs. GUI thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.domain.quantities import sized
from desktop.domain.shelf import ShelfEntry
from desktop.domain.text import Text
from desktop.ui.buttons import TextButton
from desktop.ui.choice_row import ChoiceRows
from desktop.ui.labels import PlainLabel
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.task_lines import TaskLines, TaskProgress
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["RequantiseCard", "SmallerChoice"]

_TASK = "requantise"


@dataclass(frozen=True, slots=True)
class SmallerChoice:
    """A quantisation that can be made: `size` of the new file in bytes, `words` on its quality."""

    quantisation: str
    size: int
    words: str
    recommended: bool = False


class RequantiseCard(QWidget):
    """Choices first, then progress in their place; the owner closes it when the work is done."""

    start_requested = Signal(object, object)
    """(ShelfEntry, SmallerChoice)"""
    stop_requested = Signal()
    cancelled = Signal()

    def __init__(self, entry: ShelfEntry) -> None:
        """Begin without choices: they are being reckoned."""
        super().__init__()
        self._entry = entry
        self._choices: tuple[SmallerChoice, ...] = ()
        self._free: int | None = None
        self._error: LapisError | None = None
        self._about = PlainLabel(tone="muted", wrap=True)
        self._rows = ChoiceRows()
        self._wait = PlainLabel(tone="muted", size="small")
        self._notice = NoticeCard(())
        self._tasks = TaskLines()
        self._room = PlainLabel(tone="muted", size="small", wrap=True)
        self._make = TextButton(kind="primary")
        self._cancel = TextButton()
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addWidget(self._room, 1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._make)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.L)
        for part in (self._about, self._wait, self._rows, self._notice, self._tasks):
            column.addWidget(part)
        column.addLayout(buttons)
        self._make.clicked.connect(self._on_make_clicked)
        self._cancel.clicked.connect(self.cancelled)
        self._tasks.stop_requested.connect(self._on_stop_requested)
        self._rows.chosen.connect(lambda _number: self._show_room())
        self._say()

    @property
    def is_busy(self) -> bool:
        """Whether a smaller file is being made."""
        return self._tasks.is_running(_TASK)

    def set_choices(self, choices: Sequence[SmallerChoice], free: int) -> None:
        """Offer `choices`, where `free` bytes are left; the recommended one is chosen."""
        self._choices = tuple(choices)
        self._free = free
        self._error = None
        chosen = [number for number, each in enumerate(choices) if each.recommended]
        rows = self._rows.set_count(len(self._choices))
        for row, choice in zip(rows, self._choices, strict=True):
            row.setEnabled(choice.size <= free)
        self._rows.choose(chosen[0] if chosen else 0)
        self._say()

    def show_progress(self, progress: TaskProgress) -> None:
        """Show how far the work is; the choices go away meanwhile."""
        self._error = None
        self._turn(lambda: self._tasks.show_task(_TASK, progress))

    def show_problem(self, error: LapisError) -> None:
        """Say why nothing came of it; the choices are back."""
        self._error = error
        self._turn(lambda: self._tasks.end_task(_TASK))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _on_make_clicked(self) -> None:
        if 0 <= self._rows.current < len(self._choices):
            self.start_requested.emit(self._entry, self._choices[self._rows.current])

    def _on_stop_requested(self) -> None:
        # At once: whoever stops the work hears nothing more of it.
        self._turn(lambda: self._tasks.end_task(_TASK))
        self.stop_requested.emit()

    def _turn(self, change: Callable[[], None]) -> None:
        """Show what `change` makes of it; what has the keyboard and goes hands it on.

        Else Qt would look for a place by itself, outside of the card.
        """
        focused = QApplication.focusWidget()
        was_here = focused is not None and self.isAncestorOf(focused)
        change()
        self._say()
        if focused is None or not was_here or focused.isVisibleTo(self):
            return
        if self.is_busy:
            self._tasks.take_focus(_TASK)
        else:
            self._rows.take_focus()

    def _say(self) -> None:
        busy = self.is_busy
        self._about.setText(
            self.tr(
                "Lapis makes a smaller file of this one. It takes less memory and answers faster, "
                "and is a little less exact. The file you have stays."
            )
        )
        self._wait.setText(self.tr("Reckoning the sizes…"))
        self._wait.setVisible(not self._choices and self._error is None and not busy)
        self._rows.setVisible(bool(self._choices) and not busy)
        for row, choice in zip(self._rows.rows(), self._choices, strict=True):
            mark = self.tr("recommended") if choice.recommended else ""
            row.say(choice.quantisation, sized(choice.size), choice.words, mark)
        self._notice.setVisible(self._error is not None)
        if self._error is not None:
            self._notice.show_words(say(self._error.title), say(self._error.hint), Look.ERROR)
        self._make.setText(self.tr("Make it"))
        self._make.setVisible(not busy)
        self._make.setEnabled(self._rows.current >= 0)
        self._cancel.setText(self.tr("Cancel"))
        self._cancel.setVisible(not busy)
        self._show_room()

    def _show_room(self) -> None:
        if self._free is None or self.is_busy:
            self._room.setText("")
            return
        self._room.setText(say(Text("{size} free", {"size": sized(self._free)})))
