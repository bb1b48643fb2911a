"""The access token for Hugging Face: given, forgotten, never shown. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.services.hub_token import TokenPlace, TokenState
from desktop.ui.buttons import TextButton
from desktop.ui.row_note import RowNote
from desktop.ui.setting_row import SettingRow
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["TokenRow"]

_LONGEST = 1000


class TokenRow(QWidget):
    """Says where the token is kept, and for how long."""

    given = Signal(str)
    """(token): answer with `show_state`, or with `show_problem`."""
    forgotten = Signal()
    """The person wants it forgotten: answer likewise."""

    def __init__(self) -> None:
        """Start while nobody knows whether there is one."""
        super().__init__()
        self._state: TokenState | None = None
        self._is_left = False
        self._row = SettingRow(None)
        self._field = QLineEdit()
        self._field.setEchoMode(QLineEdit.EchoMode.Password)
        self._field.setMaxLength(_LONGEST)
        self._keep = TextButton()
        self._forget = TextButton()
        self.note = RowNote()
        self.problem = RowNote()
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, Space.XS, 0)
        line.setSpacing(Space.S)
        line.addWidget(self._field, 1)
        line.addWidget(self._keep)
        line.addWidget(self._forget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._row)
        column.addLayout(line)
        column.addWidget(self.problem)
        column.addWidget(self.note)
        self._keep.clicked.connect(self._give)
        self._field.returnPressed.connect(self._give)
        self._field.textChanged.connect(self._on_text_changed)
        self._forget.clicked.connect(self._on_forget_clicked)
        self._forget.hide()
        self._retranslate()

    def show_asking(self) -> None:
        """Say that the keyring is being asked."""
        self._state = None
        self.problem.clear()
        self._show()

    def show_state(self, state: TokenState, problem: LapisError | None = None) -> None:
        """Say where the token is, and what went wrong on the way, if anything did."""
        self._state = state
        is_here = state.place is not TokenPlace.NOWHERE
        self._is_left = problem is not None and problem is state.problem and not is_here
        self.problem.clear()
        if problem is not None and not self._is_left:
            self.problem.show_error(problem)
        self._show()

    def clear(self) -> None:
        """Drop what was typed and not given."""
        self._field.clear()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _give(self) -> None:
        token = self._field.text().strip()
        if token and self._state is not None:
            self._field.clear()
            self.show_asking()
            self.given.emit(token)

    def _on_forget_clicked(self) -> None:
        # The button is about to go.
        self._field.setFocus()
        self.show_asking()
        self.forgotten.emit()

    def _on_text_changed(self, text: str) -> None:
        if text:
            self.problem.clear()
        self._show_buttons()

    def _show_buttons(self) -> None:
        state = self._state
        self._keep.setEnabled(state is not None and bool(self._field.text().strip()))
        self._forget.setEnabled(state is not None)
        if state is not None:
            self._forget.setVisible(state.place in {TokenPlace.KEYRING, TokenPlace.THIS_RUN})

    def _show(self) -> None:
        self._show_buttons()
        state = self._state
        if state is None:
            self.note.show_busy(self.tr("Asking the keyring…"))
            return
        why = self._why(state.problem) if state.problem is not None else ""
        match state.place:
            case TokenPlace.KEYRING:
                words = self.tr("A token is in use. The keyring of this computer keeps it.")
                self.note.show_words(words, "good")
            case TokenPlace.THIS_RUN:
                words = self.tr("A token is in use, but only until Lapis ends.")
                self.note.show_words(self._because(words, why), "warn")
            case TokenPlace.ENVIRONMENT:
                words = self.tr("The token of the variable HF_TOKEN is in use.")
                self.note.show_words(words, "good")
            case TokenPlace.NOWHERE if self._is_left:
                words = self.tr("No token is used any more, but the keyring may still have it.")
                self.note.show_words(self._because(words, why), "bad")
            case TokenPlace.NOWHERE if why:
                words = self.tr("No token is in use. One could be kept only until Lapis ends.")
                self.note.show_words(self._because(words, why))
            case TokenPlace.NOWHERE:
                words = self.tr("No token is in use. The keyring of this computer would keep one.")
                self.note.show_words(words)

    def _because(self, fact: str, reason: str) -> str:
        return self.tr("{fact} {reason}").format(fact=fact, reason=reason)

    def _why(self, problem: LapisError) -> str:
        return self.tr("{title}. {hint}").format(title=say(problem.title), hint=say(problem.hint))

    def _retranslate(self) -> None:
        name = self.tr("Access token for Hugging Face")
        self._row.say(
            name,
            self.tr(
                "For models whose makers want to know who gets them. "
                "Make a read token in your account there. No mirror ever sees it."
            ),
        )
        self._field.setAccessibleName(name)
        self._field.setPlaceholderText("hf_…")
        self._keep.setText(self.tr("Keep token"))
        self._forget.setText(self.tr("Forget"))
        self._forget.setAccessibleName(self.tr("Forget the token"))
        self._show()
