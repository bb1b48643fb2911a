"""A saved prompt to be read or changed: how it is called, and what it says. GUI thread."""

from dataclasses import replace

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout

from desktop.domain.chat_settings import SavedPrompt
from desktop.services.library_checks import LONGEST_COMMAND, clean_command
from desktop.services.prompt_variables import (
    CLIPBOARD,
    CURSOR,
    DATE,
    LANGUAGE,
    SELECTION,
    TIME,
    asked_of,
)
from desktop.ui.item_editor import ItemEditor, name_line
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space
from desktop.ui.translation import listed
from desktop.ui.variable_text import VariableText

__all__ = ["PromptEditor"]

_LEAST_LINES = 8
_COMMAND_WIDE = 200
_VARIABLES = (SELECTION, CLIPBOARD, LANGUAGE, DATE, TIME, CURSOR)


class PromptEditor(ItemEditor[SavedPrompt]):
    """Tells a SavedPrompt, whose command is never empty."""

    def __init__(self) -> None:
        """Start without a prompt."""
        super().__init__("spark")
        self._command = QLineEdit()
        self._command.setMaxLength(LONGEST_COMMAND + 1)
        self._command.setFixedWidth(_COMMAND_WIDE)
        self._text = VariableText(_VARIABLES, _LEAST_LINES)
        self._asks = PlainLabel(tone="muted", size="small", wrap=True)
        self._lay_out()
        self._listen(self._command)
        self._text.edited.connect(self._on_text_edited)
        self._text.left.connect(self.flush)
        self._retranslate()

    def show_item(self, prompt: SavedPrompt) -> None:
        """Show `prompt`; call `flush` before it is another one."""
        self._item = prompt
        read_only = prompt.built_in
        self._show_head(prompt.icon, prompt.name, read_only=read_only)
        self._show_line(self._command, f"/{prompt.command}", read_only=read_only)
        self._text.set_read_only(read_only=read_only)
        if not self._pause.isActive():
            self._text.show_text(prompt.text)
        self._show_asks()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(Space.M)
        head.addWidget(self._sign)
        head.addWidget(self._name, 1)
        head.addWidget(self._command)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addLayout(head)
        column.addWidget(self._text)
        column.addWidget(self._asks)

    def _on_text_edited(self) -> None:
        self._pause.start()
        self._show_asks()

    def _typed(self, before: SavedPrompt) -> SavedPrompt:
        text = self._text.text
        return replace(
            super()._typed(before),
            command=clean_command(self._command.text()) or before.command,
            text=text if text.strip() else before.text,
        )

    def _show_asks(self) -> None:
        names = listed(asked_of(self._text.text))
        self._asks.setText(self.tr("Asks you for: {names}").format(names=names) if names else "")
        self._asks.setVisible(bool(names))

    def _retranslate(self) -> None:
        super()._retranslate()
        name_line(self._command, self.tr("Command, for example /summarise"))
        self._text.say(
            self.tr("Prompt"),
            self.tr(
                "Type / and the command where you write a question. Words in double braces are "
                "filled in; for a name of your own, such as {{topic}}, you are asked."
            ),
            {
                SELECTION: self.tr("What is selected in the chat"),
                CLIPBOARD: self.tr("What was copied last"),
                LANGUAGE: self.tr("The language of Lapis"),
                DATE: self.tr("Today's date"),
                TIME: self.tr("The time of day"),
                CURSOR: self.tr("Where the typing goes on"),
            },
        )
        self._show_asks()
