"""Asks, in the place of a row, before something goes for good. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui.buttons import TextButton
from desktop.ui.escape import claims_escape
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space

__all__ = ["RowQuestion"]


class RowQuestion(QWidget):
    """Its owner says what is asked, and shows it; Esc answers that nothing is to be done."""

    answered = Signal(bool)
    """(whether to do it)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Ask nothing yet."""
        super().__init__(parent)
        self._words = PlainLabel(wrap=True)
        self._keep = TextButton()
        self._do = TextButton(kind="danger")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._words, 1)
        row.addWidget(self._keep)
        row.addWidget(self._do)
        self._keep.clicked.connect(lambda: self.answered.emit(False))
        self._do.clicked.connect(lambda: self.answered.emit(True))

    def say(self, words: str, keep: str, do: str) -> None:
        """Ask `words`; `keep` and `do` name the buttons."""
        self._words.setText(words)
        for button, name in ((self._keep, keep), (self._do, do)):
            button.setText(name)
            # Whoever hears the button alone is to know what it answers.
            button.setAccessibleDescription(words)

    def take_focus(self) -> None:
        """Let Enter keep what there is."""
        self._keep.setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """Take Esc before the page around does."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc keeps what there is."""
        if event.key() == Qt.Key.Key_Escape:
            self.answered.emit(False)
        else:
            super().keyPressEvent(event)
