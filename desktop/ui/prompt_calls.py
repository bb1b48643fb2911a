"""Saved prompts while one writes a question: found, filled in, and put into the composer.

What is selected and copied is read only when a prompt asks for it. GUI thread.
"""

from collections.abc import Callable
from datetime import datetime
from typing import cast, get_args

from PySide6.QtCore import QObject, QPoint, Signal

from desktop.domain.chat_settings import SavedPrompt
from desktop.domain.errors import StorageError
from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.settings import Language
from desktop.services.own_items import OwnItems
from desktop.services.prompt_variables import (
    CLIPBOARD,
    SELECTION,
    asked_of,
    fill,
    moment,
    variables_of,
)
from desktop.services.prompts import first_line, matching_prompts
from desktop.ui.call_list import CallItem
from desktop.ui.clipboard_reader import ClipboardReader
from desktop.ui.composer import Composer
from desktop.ui.composer_field import FIELD_LIMIT
from desktop.ui.icons import IconName
from desktop.ui.prompt_form import PromptForm
from desktop.ui.tokens import Space

__all__ = ["ALL_PROMPTS", "PromptCalls"]

ALL_PROMPTS = "all prompts"
"""The value of the item that leads to the page of all prompts."""
_LONGEST_VALUE = FIELD_LIMIT // 2


class PromptCalls(QObject):
    """`items` is what "/" offers; `take` puts the prompt that was taken where one types."""

    manage_requested = Signal()
    failed = Signal(object)
    """(StorageError)"""

    def __init__(
        self,
        composer: Composer,
        prompts: OwnItems[SavedPrompt],
        language: Callable[[], Language],
        selection: Callable[[], str],
        clipboard: Callable[[], str] | None = None,
    ) -> None:
        """`language` returns that of the surface, `selection` what is selected in the chat.

        `clipboard` returns what was copied last.
        """
        super().__init__(composer)
        self._composer = composer
        self._prompts = prompts
        self._language = language
        self._selection = selection
        self._clipboard = clipboard or ClipboardReader(self).text
        self._asking: SavedPrompt | None = None
        self._form: PromptForm | None = None

    def items(self, words: str) -> list[CallItem]:
        """Return what `words`, typed after "/", may mean, and the way to all prompts."""
        try:
            prompts = self._prompts.all(self._language())
        except StorageError as error:
            self.failed.emit(error)
            return []
        found = [
            CallItem(one, one.name, first_line(one.text), _icon(one.icon))
            for one in matching_prompts(prompts, words)
        ]
        if words:
            return found
        return [*found, CallItem(ALL_PROMPTS, self.tr("All prompts…"), "", "settings")]

    def take(self, value: object) -> None:
        """Put a prompt into the composer, after asking for what only the person knows."""
        if value == ALL_PROMPTS:
            self.manage_requested.emit()
        elif isinstance(value, SavedPrompt):
            names = asked_of(value.text)
            if names:
                self._ask(value, names)
            else:
                self._insert(value, {})

    def _ask(self, prompt: SavedPrompt, names: tuple[str, ...]) -> None:
        around = self._composer.window()
        if self._form is None or self._form.parentWidget() is not around:
            self._form = PromptForm(around)
            self._form.filled.connect(self._on_filled)
            self._form.cancelled.connect(self._composer.focus_field)
        self._asking = prompt
        self._form.ask(prompt.name, names)
        corner = self._composer.mapTo(around, QPoint(0, 0))
        size = self._form.sizeHint().boundedTo(around.size())
        top = max(0, corner.y() - size.height() - Space.S)
        left = min(corner.x(), max(0, around.width() - size.width()))
        self._form.setGeometry(left, top, size.width(), size.height())
        self._form.raise_()

    def _on_filled(self, answers: dict[str, str]) -> None:
        prompt, self._asking = self._asking, None
        if prompt is not None:
            self._insert(prompt, answers)

    def _insert(self, prompt: SavedPrompt, answers: dict[str, str]) -> None:
        wanted = variables_of(prompt.text)
        values = moment(self._language(), datetime.now().astimezone()) | answers
        if SELECTION in wanted:
            values[SELECTION] = self._fitting(self._selection(), AttachmentKind.SELECTION)
        if CLIPBOARD in wanted:
            values[CLIPBOARD] = self._fitting(self._clipboard(), AttachmentKind.PASTE)
        filled = fill(prompt.text, values)
        field = self._composer.field
        self._composer.focus_field()
        cursor = field.textCursor()
        start = cursor.selectionStart()
        cursor.insertText(filled.text)
        if filled.cursor is not None:
            cursor.setPosition(start + _qt_length(filled.text[: filled.cursor]))
            cursor.clearSelection()
        field.setTextCursor(cursor)
        field.ensureCursorVisible()

    def _fitting(self, text: str, kind: AttachmentKind) -> str:
        """Return `text`; what is too long for the field goes along as an attachment."""
        if len(text) <= _LONGEST_VALUE:
            return text
        self._composer.attach(Attachment(kind, "", text))
        return self.tr("(see the attached text)")


def _icon(sign: str) -> IconName:
    return cast("IconName", sign) if sign in get_args(IconName) else "spark"


def _qt_length(text: str) -> int:
    """Return how many places Qt counts in `text`: two for what lies beyond the basic plane."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
