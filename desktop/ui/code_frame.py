"""Words in the letters of code, in a frame, with a button for copying. GUI thread."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from desktop.ui.copy_button import CopyButton
from desktop.ui.labels import PlainLabel, TextSize
from desktop.ui.theme import mono_families
from desktop.ui.tokens import Space

__all__ = ["CodeFrame"]


class CodeFrame(QFrame):
    """They can be marked with mouse and keyboard, too. Its owner connects `copied`."""

    def __init__(
        self, *, size: TextSize = "body", around: int = Space.S, parent: QWidget | None = None
    ) -> None:
        """Show nothing yet; `around` is the room above and below."""
        super().__init__(parent)
        self.setProperty("panel", "code")
        self._words = PlainLabel(size=size, wrap=True)
        font = QFont(self._words.font())
        font.setFamilies(list(mono_families()))
        self._words.setFont(font)
        self._words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.copied = CopyButton()
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, around, Space.S, around)
        row.setSpacing(Space.S)
        row.addWidget(self._words, 1)
        row.addWidget(self.copied, 0, Qt.AlignmentFlag.AlignTop)

    @property
    def words(self) -> str:
        """What is shown."""
        return self._words.text()

    def show_words(self, words: str) -> None:
        """Show `words`."""
        self._words.setText(words)

    def say(self, name: str, copy: str) -> None:
        """Name the words, and the button beside them."""
        self._words.setAccessibleName(name)
        self.copied.set_label(copy)
