"""Examples of how the local server is asked, on the settings page. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QTabBar, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.domain.settings import ApiSettings
from desktop.ui.api_examples import HIDDEN_KEY, Example, example
from desktop.ui.api_key_line import copy_secret
from desktop.ui.api_words import base_address
from desktop.ui.code_frame import CodeFrame
from desktop.ui.form_panel import FormPanel
from desktop.ui.row_note import RowNote
from desktop.ui.tokens import Space

__all__ = ["ApiExamplesPanel"]

_NO_KEY = "not-needed"
_EXAMPLES = tuple(Example)


class ApiExamplesPanel(QWidget):
    """What is shown has no key; what is copied has it, so that it works where it is pasted."""

    key_wanted = Signal()
    """Something is to be copied: answer with `take_key`, or with `show_problem`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show the first of the examples."""
        super().__init__(parent)
        self._settings = ApiSettings()
        self._is_copied = False
        self._tabs = _Tabs(drawBase=False, expanding=False)
        self._tabs.setProperty("kind", "page")
        self._tabs.setCursor(Qt.CursorShape.PointingHandCursor)
        for each in _EXAMPLES:
            self._tabs.addTab(each.value)
        self._lines = CodeFrame(size="small", around=Space.M)
        self._note = RowNote()
        self._panel = FormPanel([self._tabs, self._lines, self._note])
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self._panel)
        self._tabs.currentChanged.connect(lambda _number: self._show())
        self._lines.copied.clicked.connect(self._on_copy_clicked)
        self._retranslate()

    @property
    def words(self) -> str:
        """What is said here, to be searched."""
        return " ".join([self.tr("Examples"), *(each.value for each in _EXAMPLES)])

    def show_settings(self, settings: ApiSettings) -> None:
        """Show how the server is asked that is set so."""
        if settings != self._settings:
            self._settings = settings
            self._show()

    def take_key(self, key: str) -> None:
        """Copy the example with the key in it."""
        copy_secret(self._example(key))
        self._lines.copied.show_done()
        self._is_copied = True
        self._say_note()

    def show_problem(self, error: LapisError) -> None:
        """Say why the key cannot be had."""
        self._note.show_error(error)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _example(self, key: str) -> str:
        kind = _EXAMPLES[max(0, self._tabs.currentIndex())]
        return example(kind, base_address(self._settings.port), key)

    def _show(self) -> None:
        self._is_copied = False
        self._lines.show_words(self._example(_NO_KEY if self._settings.keyless else HIDDEN_KEY))
        self._say_note()

    def _on_copy_clicked(self) -> None:
        if self._settings.keyless:
            self.take_key(_NO_KEY)
        else:
            self._note.show_busy(self.tr("Asking the keyring…"))
            self.key_wanted.emit()

    def _say_note(self) -> None:
        if self._is_copied and not self._settings.keyless:
            words = self.tr("Copied, with your key in it. Do not give it away with the lines.")
            self._note.show_words(words)
        else:
            self._note.clear()

    def _retranslate(self) -> None:
        self._panel.set_heading(
            self.tr("Examples"),
            self.tr(
                "“local-model” is the model that Lapis has just now; each of your models has its own"
                " name, too."
            ),
        )
        self._tabs.setAccessibleName(self.tr("Examples"))
        self._lines.say(self.tr("Example"), self.tr("Copy it, with the key"))
        self._show()


class _Tabs(QTabBar):
    """Leave the wheel to the page they stand on."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
