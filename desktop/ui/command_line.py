"""Words to be typed elsewhere: a command, or a line for a file, with a button that copies them.

GUI thread.
"""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from desktop.ui.copy_button import CopyButton
from desktop.ui.labels import PlainLabel
from desktop.ui.theme import mono_families
from desktop.ui.tokens import Space

__all__ = ["CommandLine"]


class CommandLine(QFrame):
    """They can be marked with mouse and keyboard, too."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self.setProperty("panel", "code")
        self._words = PlainLabel(wrap=True)
        font = QFont(self._words.font())
        font.setFamilies(list(mono_families()))
        self._words.setFont(font)
        self._words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._copy = CopyButton()
        line = QHBoxLayout(self)
        line.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        line.setSpacing(Space.S)
        line.addWidget(self._words, 1)
        line.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignTop)
        self._copy.clicked.connect(lambda: self._copy.copy(self._words.text()))

    @property
    def words(self) -> str:
        """What is shown, and copied."""
        return self._words.text()

    def show_words(self, words: str) -> None:
        """Show `words`."""
        self._words.setText(words)

    def say(self, name: str, copy: str) -> None:
        """Name the words, and the button beside them."""
        self._words.setAccessibleName(name)
        self._copy.set_label(copy)
