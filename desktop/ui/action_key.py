"""A field for the one key of a quick action: a letter or a digit, always a capital. GUI thread."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.services.library_checks import clean_key
from desktop.ui.labels import set_tooltip

__all__ = ["ActionKey"]

_WIDE = 40


class ActionKey(QLineEdit):
    """Each letter that is typed takes the place of the one before; anything else clears it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self.setFixedWidth(_WIDE)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.textEdited.connect(self._on_edited)
        self._retranslate()

    @property
    def key(self) -> str:
        """The key; empty for none."""
        return clean_key(self.text())

    def show_key(self, key: str) -> None:
        """Show `key`."""
        if key != self.text():
            self.setText(key)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Let the next letter take the place of this one."""
        super().focusInEvent(event)
        self.selectAll()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _on_edited(self, text: str) -> None:
        place = self.cursorPosition()
        self.setText(clean_key(text[max(0, place - 1) : place]))
        self.selectAll()

    def _retranslate(self) -> None:
        self.setAccessibleName(self.tr("Key"))
        hint = self.tr("Key: a letter or a digit. Empty for whichever is free.")
        self.setAccessibleDescription(hint)
        set_tooltip(self, hint)
