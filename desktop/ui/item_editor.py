"""What the editors of personas, prompts and quick actions have in common. GUI thread."""

from dataclasses import replace
from typing import Generic, TypeVar

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.domain.chat_settings import Persona, SavedPrompt
from desktop.domain.quick_action import QuickAction
from desktop.services.library_checks import LONGEST_NAME
from desktop.ui.icons import IconName
from desktop.ui.sign_button import SignButton

__all__ = ["ItemEditor", "name_line"]

_PAUSE_MS = 500


Item = TypeVar("Item", Persona, SavedPrompt, QuickAction)


class ItemEditor(QWidget, Generic[Item]):
    """A sign and a name that is never empty. Tells what was typed when that pauses."""

    changed = Signal(object)
    """(the item as it is now)"""

    def __init__(self, sign: IconName, parent: QWidget | None = None) -> None:
        """Start without an item; its kind lays out what it adds, and says all words itself."""
        super().__init__(parent)
        self._item: Item | None = None
        self._sign = SignButton(sign)
        self._name = QLineEdit()
        self._name.setMaxLength(LONGEST_NAME)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._take)
        self._sign.chosen.connect(self._take)
        self._listen(self._name)

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
        self._item = None

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _listen(self, field: QLineEdit) -> None:
        field.textEdited.connect(self._pause.start)
        field.editingFinished.connect(self.flush)

    def _show_head(self, sign: str, name: str, *, read_only: bool) -> None:
        self._sign.show_sign(sign)
        self._sign.setEnabled(not read_only)
        self._show_line(self._name, name, read_only=read_only)

    def _show_line(self, field: QLineEdit, text: str, *, read_only: bool) -> None:
        """Show `text`, but not in the place of what is just being typed."""
        field.setReadOnly(read_only)
        if field.text() != text and not self._pause.isActive():
            field.setText(text)
            field.setCursorPosition(0)

    def _typed_name(self, before: str) -> str:
        return " ".join(self._name.text().split()) or before

    def _take(self) -> None:
        """Tell the item if it is another one now, and wait for no pause any more."""
        self._pause.stop()
        before = self._item
        if before is None or before.built_in:
            return
        item = self._typed(before)
        if item != before:
            self._item = item
            self.changed.emit(item)

    def _typed(self, before: Item) -> Item:
        """Return the item as it was typed; each kind adds what it has besides."""
        return replace(before, name=self._typed_name(before.name), icon=self._sign.sign)

    def _retranslate(self) -> None:
        name_line(self._name, self.tr("Name"))


def name_line(field: QLineEdit, words: str) -> None:
    """Say what belongs into `field`."""
    field.setPlaceholderText(words)
    field.setAccessibleName(words)
