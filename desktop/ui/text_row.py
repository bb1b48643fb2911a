"""A setting that is written down: an address, with what is wrong about it below. GUI thread."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.ui.labels import restyle
from desktop.ui.row_note import RowNote
from desktop.ui.setting_row import SettingRow
from desktop.ui.tokens import Space

__all__ = ["TextRow"]

_LONGEST = 2000


class TextRow(QWidget):
    """Tells what was typed once that is finished: at Enter, or when the focus leaves.

    Esc brings back what is kept.
    """

    entered = Signal(str)
    """(text): answer with `show_value`, or with `show_problem`."""
    reset_requested = Signal()
    edited = Signal()
    """Something else is typed now than before."""

    def __init__(self, beside: QWidget | None = None) -> None:
        """Start without words; `beside` stands at the right of the field."""
        super().__init__()
        self._kept = ""
        self._is_wrong = False
        self._row = SettingRow(None)
        self._field = QLineEdit()
        self._field.setMaxLength(_LONGEST)
        self.note = RowNote()
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, Space.XS, 0)
        line.setSpacing(Space.S)
        line.addWidget(self._field, 1)
        if beside is not None:
            line.addWidget(beside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._row)
        column.addLayout(line)
        column.addWidget(self.note)
        self.setFocusProxy(self._field)
        self._row.reset_requested.connect(self.reset_requested)
        self._field.editingFinished.connect(self._on_finished)
        self._field.textEdited.connect(self._on_edited)

    def say(self, name: str, hint: str, placeholder: str, reset: str) -> None:
        """Name the setting, explain it, show an example, and say what the way back does."""
        self._row.say(name, hint, reset)
        self._field.setAccessibleName(name)
        self._field.setAccessibleDescription(hint)
        self._field.setPlaceholderText(placeholder)

    def show_value(self, value: str, *, overridden: bool) -> None:
        """Show what is kept; `overridden`: there is a way back."""
        self._kept = value
        self._row.set_overridden(overridden=overridden)
        self.restore()

    def restore(self) -> None:
        """Show what is kept, whatever is typed."""
        self._field.setText(self._kept)
        self._field.setCursorPosition(0)
        self._set_wrong(wrong=False)

    def show_problem(self, error: LapisError) -> None:
        """Say why what was typed is not kept."""
        self._set_wrong(wrong=True)
        self.note.show_error(error)

    def finish(self) -> bool:
        """Take what is typed, as Enter does; return whether it is kept."""
        self._on_finished()
        return not self._is_wrong

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc takes the typing back first; the next one is for the page."""
        if event.key() == Qt.Key.Key_Escape and self._field.text() != self._kept:
            self.restore()
            self.edited.emit()
        else:
            super().keyPressEvent(event)

    def _on_finished(self) -> None:
        text = self._field.text().strip()
        if text != self._kept:
            self.entered.emit(text)
        else:
            self.restore()

    def _on_edited(self) -> None:
        self._set_wrong(wrong=False)
        self.edited.emit()

    def _set_wrong(self, *, wrong: bool) -> None:
        if self._is_wrong and not wrong:
            self.note.clear()
        self._is_wrong = wrong
        restyle(self._field, "wrong", wrong)
