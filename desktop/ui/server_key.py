"""The key of a server: given, forgotten, never shown again. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.config.secrets import LONGEST_SECRET
from desktop.ui.link_button import LinkButton
from desktop.ui.row_note import RowNote
from desktop.ui.setting_row import SettingRow
from desktop.ui.tokens import Space

__all__ = ["ServerKey"]


class ServerKey(QWidget):
    """A field for a new key, and below it whether one is kept."""

    edited = Signal()
    forgotten = Signal()
    """The person wants the kept one forgotten: answer with `show_kept`."""
    finished = Signal()
    """Enter."""

    def __init__(self) -> None:
        """Start without a key."""
        super().__init__()
        self._is_kept: bool | None = False
        self._is_needed = False
        self._example = ""
        self._row = SettingRow(None)
        self._field = QLineEdit()
        self._field.setEchoMode(QLineEdit.EchoMode.Password)
        self._field.setMaxLength(LONGEST_SECRET)
        self._forget = LinkButton()
        self.note = RowNote()
        below = QHBoxLayout()
        below.setSpacing(Space.M)
        below.addWidget(self.note)
        below.addWidget(self._forget)
        below.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._row)
        column.addWidget(self._field)
        column.addLayout(below)
        self.setFocusProxy(self._field)
        self._field.textEdited.connect(lambda _text: self.edited.emit())
        self._field.returnPressed.connect(self.finished)
        self._forget.clicked.connect(self._on_forget_clicked)
        self._say()

    @property
    def typed(self) -> str:
        """What was typed, empty for nothing."""
        return self._field.text().strip()

    def expect(self, *, needed: bool, example: str) -> None:
        """Say whether such servers answer nobody without one, and how their keys begin."""
        self._is_needed, self._example = needed, example
        self._say()

    def show_kept(self, *, kept: bool | None) -> None:
        """Say whether one is kept; None: the keyring is being asked."""
        self._is_kept = kept
        self._say()

    def clear(self) -> None:
        """Drop what was typed."""
        self._field.clear()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _on_forget_clicked(self) -> None:
        # The button is about to go.
        self._field.setFocus()
        self.show_kept(kept=None)
        self.forgotten.emit()

    def _say(self) -> None:
        name = self.tr("API key")
        usual = self.tr("If the server wants one. It goes to this server alone.")
        needed = self.tr("The server answers nobody without one. It goes to this server alone.")
        hint = needed if self._is_needed else usual
        self._row.say(name, hint)
        self._field.setAccessibleName(name)
        self._field.setAccessibleDescription(hint)
        self._forget.setText(self.tr("Forget it"))
        self._forget.setAccessibleName(self.tr("Forget the key"))
        self._forget.setVisible(self._is_kept is True)
        replaced = self.tr("Another key, in place of the kept one")
        self._field.setPlaceholderText(replaced if self._is_kept else self._example)
        if self._is_kept is None:
            self.note.show_busy(self.tr("Asking the keyring…"))
        elif self._is_kept:
            self.note.show_words(self.tr("A key was entered."), "good")
        else:
            self.note.clear()
