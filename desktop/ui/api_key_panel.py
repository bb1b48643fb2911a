"""The key of the local server on the settings page: hidden, shown, copied, renewed. GUI thread."""

from enum import Enum, auto

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.ui.api_key_line import KeyLine, copy_secret
from desktop.ui.form_panel import FormPanel
from desktop.ui.row_note import RowNote
from desktop.ui.row_question import RowQuestion
from desktop.ui.setting_row import SettingRow
from desktop.ui.switch import Switch
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["ApiKeyPanel", "KeyWish"]


class KeyWish(Enum):
    """What the key is wanted for."""

    SHOW = auto()
    COPY = auto()
    RENEW = auto()


class ApiKeyPanel(QWidget):
    """Knows the key only while it is on show."""

    wished = Signal(object)
    """(KeyWish): answer with `take_key`, or with `show_problem`."""
    keyless_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with a key that nobody has asked for."""
        super().__init__(parent)
        self._kept_problem: LapisError | None = None
        self._is_copied = self._is_busy = False
        self._row = SettingRow(None)
        self._line = KeyLine()
        self._question = RowQuestion()
        self._note = RowNote()
        self._keyless = Switch()
        self._keyless_row = SettingRow(self._keyless)
        self._warning = RowNote()
        key, without = QWidget(), QWidget()
        for whole, rows in (
            (key, (self._row, self._line, self._question, self._note)),
            (without, (self._keyless_row, self._warning)),
        ):
            column = QVBoxLayout(whole)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(Space.S)
            for row in rows:
                column.addWidget(row)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(FormPanel([key, without]))
        self._line.reveal.clicked.connect(self._on_show_clicked)
        self._line.copied.clicked.connect(lambda: self._wish(KeyWish.COPY))
        self._line.renew.clicked.connect(self._on_renew_clicked)
        self._question.answered.connect(self._on_answered)
        self._keyless.toggled.connect(self.keyless_chosen)
        self._keyless_row.reset_requested.connect(lambda: self.keyless_chosen.emit(False))
        self._question.hide()
        self._retranslate()

    @property
    def words(self) -> str:
        """What is said here, to be searched."""
        rows = (self._row, self._keyless_row)
        return " ".join(f"{row.name} {row.hint}" for row in rows)

    def take_key(self, key: str, wish: KeyWish) -> None:
        """Do with the key what was wished for."""
        self._note.clear()
        self._is_busy = False
        if wish is KeyWish.COPY:
            self._is_copied = True
            copy_secret(key)
            self._line.copied.show_done()
            self._say_note()
        else:
            self._line.show_key(key)
            self._say_note()

    def hide_key(self) -> None:
        """Forget the key, and whatever was said about it."""
        self._is_copied = False
        self._line.show_key("")
        self._question.hide()
        self._say_note()

    def show_problem(self, error: LapisError) -> None:
        """Say why the key cannot be had."""
        self._is_busy = False
        self._note.show_error(error)

    def show_kept(self, problem: LapisError | None) -> None:
        """Say why the key is kept for this run only, if that is so."""
        if problem != self._kept_problem:
            self._kept_problem = problem
            self._say_note()

    def show_keyless(self, *, keyless: bool) -> None:
        """Show whether programs may ask without a key."""
        self._keyless.blockSignals(True)
        self._keyless.setChecked(keyless)
        self._keyless.blockSignals(False)
        self._keyless_row.set_overridden(overridden=keyless)
        if keyless:
            words = self.tr("Now every program of every user of this computer can use your models.")
            self._warning.show_words(words, "warn")
        else:
            self._warning.clear()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _wish(self, wish: KeyWish) -> None:
        if self._is_busy:
            return
        self._is_copied = False
        self._is_busy = True
        self._note.show_busy(self.tr("Asking the keyring…"))
        self.wished.emit(wish)

    def _on_show_clicked(self) -> None:
        if self._line.is_shown:
            self.hide_key()
        else:
            self._wish(KeyWish.SHOW)

    def _on_renew_clicked(self) -> None:
        self._question.show()
        self._question.take_focus()

    def _on_answered(self, renew: bool) -> None:
        self._line.renew.setFocus()
        self._question.hide()
        if renew:
            self._wish(KeyWish.RENEW)

    def _say_note(self) -> None:
        problem = self._kept_problem
        if problem is not None:
            words = self.tr("This key holds only until Lapis ends. {title}. {hint}").format(
                title=say(problem.title), hint=say(problem.hint)
            )
            self._note.show_words(words, "warn")
        elif self._is_copied:
            self._note.show_words(self.tr("The key is on the clipboard."))
        else:
            self._note.clear()

    def _retranslate(self) -> None:
        self._row.say(
            self.tr("API key"),
            self.tr(
                "Programs show it with each question, so that only those can ask that you gave it"
                " to. It is kept in the keyring, where this computer has one."
            ),
        )
        self._keyless_row.say(
            self.tr("Allow questions without a key"),
            self.tr(
                "For programs of this computer that cannot send one. Web pages and other computers"
                " are refused all the same."
            ),
            self.tr("Ask for the key again"),
        )
        self._line.say()
        self._question.say(
            self.tr("Programs that have this key are refused from then on."),
            self.tr("Keep it"),
            self.tr("Make a new key"),
        )
        if not self._note.is_busy:
            self._say_note()
        self.show_keyless(keyless=self._keyless.isChecked())
