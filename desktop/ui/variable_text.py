"""A long text with variables in double braces, and buttons that insert them. GUI thread."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.services.library_checks import LONGEST_TEXT
from desktop.ui.buttons import TextButton
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.growing_field import GrowingField
from desktop.ui.labels import set_tooltip
from desktop.ui.setting_row import SettingRow
from desktop.ui.tokens import Space

__all__ = ["VariableText"]

_MOST_LINES = 24


class VariableText(QWidget):
    """The buttons are there while it can be changed."""

    edited = Signal()
    left = Signal()

    def __init__(self, variables: Sequence[str], least_lines: int) -> None:
        """Start empty."""
        super().__init__()
        self._row = SettingRow(None, stacked=True)
        self._field = GrowingField(least_lines, _MOST_LINES)
        self._holes = QWidget()
        self._buttons = {name: TextButton(f"{{{{{name}}}}}") for name in variables}
        flow = FlowLayout(self._holes, beside=Space.XS, between=Space.XS)
        for name, button in self._buttons.items():
            flow.addWidget(button)
            button.clicked.connect(lambda _checked, name=name: self._insert(name))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(self._row)
        column.addWidget(self._field)
        column.addWidget(self._holes)
        self._field.textChanged.connect(self.edited)
        self._field.left.connect(self.left)

    @property
    def text(self) -> str:
        """What is written, as far as it is kept."""
        return self._field.toPlainText()[:LONGEST_TEXT]

    def show_text(self, text: str) -> None:
        """Show `text`."""
        self._field.show_text(text)

    def set_read_only(self, *, read_only: bool) -> None:
        """Have it only read, or changed."""
        self._field.setReadOnly(read_only)
        self._holes.setVisible(not read_only)

    def say(self, name: str, hint: str, hints: Mapping[str, str]) -> None:
        """Use today's language: `hints` tell what each variable stands for."""
        self._field.setAccessibleName(name)
        self._row.say(name, hint)
        for variable, button in self._buttons.items():
            set_tooltip(button, hints[variable])
            button.setAccessibleDescription(hints[variable])

    def _insert(self, name: str) -> None:
        self._field.insertPlainText(f"{{{{{name}}}}}")
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)
