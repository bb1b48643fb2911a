"""A saved prompt to be read or changed: how it is called, and what it says. GUI thread."""

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.domain.chat_settings import SavedPrompt
from desktop.services.library_checks import (
    LONGEST_COMMAND,
    LONGEST_NAME,
    LONGEST_TEXT,
    clean_command,
)
from desktop.services.prompt_variables import (
    CLIPBOARD,
    CURSOR,
    DATE,
    LANGUAGE,
    SELECTION,
    TIME,
    asked_of,
)
from desktop.ui.buttons import TextButton
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.growing_field import GrowingField
from desktop.ui.labels import PlainLabel, set_tooltip
from desktop.ui.setting_row import SettingRow
from desktop.ui.sign_button import SignButton
from desktop.ui.tokens import Space

__all__ = ["PromptEditor"]

_PAUSE_MS = 500
_LEAST_LINES = 8
_MOST_LINES = 24
_COMMAND_WIDE = 200
_VARIABLES = (SELECTION, CLIPBOARD, LANGUAGE, DATE, TIME, CURSOR)


class PromptEditor(QWidget):
    """Tells what was typed when that pauses. A name and a command are never empty."""

    changed = Signal(object)
    """(SavedPrompt)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a prompt."""
        super().__init__(parent)
        self._prompt: SavedPrompt | None = None
        self._sign = SignButton("spark")
        self._name = QLineEdit()
        self._name.setMaxLength(LONGEST_NAME)
        self._command = QLineEdit()
        self._command.setMaxLength(LONGEST_COMMAND + 1)
        self._command.setFixedWidth(_COMMAND_WIDE)
        self._text = GrowingField(_LEAST_LINES, _MOST_LINES)
        self._row = SettingRow(None, stacked=True)
        self._holes = QWidget()
        self._buttons = {name: TextButton(f"{{{{{name}}}}}") for name in _VARIABLES}
        self._asks = PlainLabel(tone="muted", size="small", wrap=True)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._retranslate()

    def show_item(self, prompt: SavedPrompt) -> None:
        """Show `prompt`; call `flush` before it is another one."""
        self._prompt = prompt
        read_only = prompt.built_in
        for field, text in ((self._name, prompt.name), (self._command, f"/{prompt.command}")):
            field.setReadOnly(read_only)
            if field.text() != text and not self._pause.isActive():
                field.setText(text)
                field.setCursorPosition(0)
        self._sign.show_sign(prompt.icon)
        self._sign.setEnabled(not read_only)
        self._text.setReadOnly(read_only)
        if not self._pause.isActive():
            self._text.show_text(prompt.text)
        self._holes.setVisible(not read_only)
        self._show_asks()

    def begin(self) -> None:
        """Let the typing begin with the name."""
        self._name.setFocus(Qt.FocusReason.OtherFocusReason)
        self._name.selectAll()

    def flush(self) -> None:
        """Tell what was typed and not told yet."""
        if self._pause.isActive():
            self._take()

    def forget(self) -> None:
        """Drop what was typed: what it was typed for is no more."""
        self._pause.stop()
        self._prompt = None

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(Space.M)
        head.addWidget(self._sign)
        head.addWidget(self._name, 1)
        head.addWidget(self._command)
        flow = FlowLayout(self._holes, beside=Space.XS, between=Space.XS)
        for button in self._buttons.values():
            flow.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addLayout(head)
        column.addWidget(self._row)
        column.addWidget(self._text)
        column.addWidget(self._holes)
        column.addWidget(self._asks)

    def _connect(self) -> None:
        for field in (self._name, self._command):
            field.textEdited.connect(self._pause.start)
            field.editingFinished.connect(self.flush)
        self._text.textChanged.connect(self._on_text_changed)
        self._text.left.connect(self.flush)
        self._sign.chosen.connect(self._take)
        self._pause.timeout.connect(self._take)
        for name, button in self._buttons.items():
            button.clicked.connect(lambda _checked, name=name: self._insert(name))

    def _insert(self, name: str) -> None:
        self._text.insertPlainText(f"{{{{{name}}}}}")
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_text_changed(self) -> None:
        self._pause.start()
        self._show_asks()

    def _take(self) -> None:
        self._pause.stop()
        if self._prompt is None or self._prompt.built_in:
            return
        text = self._text.toPlainText()[:LONGEST_TEXT]
        prompt = replace(
            self._prompt,
            name=" ".join(self._name.text().split()) or self._prompt.name,
            command=clean_command(self._command.text()) or self._prompt.command,
            text=text if text.strip() else self._prompt.text,
            icon=self._sign.sign,
        )
        if prompt != self._prompt:
            self._prompt = prompt
            self.changed.emit(prompt)

    def _show_asks(self) -> None:
        names = self.tr(", ").join(asked_of(self._text.toPlainText()))
        self._asks.setText(self.tr("Asks you for: {names}").format(names=names) if names else "")
        self._asks.setVisible(bool(names))

    def _retranslate(self) -> None:
        for field, words in (
            (self._name, self.tr("Name")),
            (self._command, self.tr("Command, for example /summarise")),
        ):
            field.setPlaceholderText(words)
            field.setAccessibleName(words)
        text = self.tr("Prompt")
        self._text.setAccessibleName(text)
        self._row.say(
            text,
            self.tr(
                "Type / and the command where you write a question. Words in double braces are "
                "filled in; for a name of your own, such as {{topic}}, you are asked."
            ),
        )
        hints = {
            SELECTION: self.tr("What is selected in the chat"),
            CLIPBOARD: self.tr("What was copied last"),
            LANGUAGE: self.tr("The language of Lapis"),
            DATE: self.tr("Today's date"),
            TIME: self.tr("The time of day"),
            CURSOR: self.tr("Where the typing goes on"),
        }
        for name, button in self._buttons.items():
            set_tooltip(button, hints[name])
            button.setAccessibleDescription(hints[name])
        self._show_asks()
