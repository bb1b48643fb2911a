"""The name of a quantisation, which explains itself when pressed. GUI thread."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from desktop.ui.labels import as_words

__all__ = ["NameButton"]

_LOOK = """
QPushButton {
  color: palette(text); background: transparent; border: none; padding: 2px 0; min-height: 0;
  font-weight: 600; text-align: left; border-radius: 0;
}
QPushButton:hover, QPushButton:focus { color: palette(link); text-decoration: underline; }
"""


class NameButton(QPushButton):
    """Plain words that turn into a link under the pointer and with the focus."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        """Show `words`, letter for letter."""
        super().__init__(as_words(words), parent)
        self.setStyleSheet(_LOOK)
        self.setFlat(True)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.WhatsThisCursor)
