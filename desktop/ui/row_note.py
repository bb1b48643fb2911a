"""The line below a field: what became of what was entered, or what is being done. GUI thread."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.ui.activity import Activity
from desktop.ui.labels import PlainLabel, Tone
from desktop.ui.translation import say

__all__ = ["RowNote"]


class RowNote(QWidget):
    """Takes no room while there is nothing to say."""

    def __init__(self) -> None:
        """Start without words."""
        super().__init__()
        self._error: LapisError | None = None
        self._activity = Activity()
        self._words = PlainLabel(size="small", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._activity)
        column.addWidget(self._words)
        self.clear()

    @property
    def words(self) -> str:
        """What is said, empty for nothing."""
        return self._words.text()

    @property
    def is_busy(self) -> bool:
        """Whether it says that something is being done."""
        return not self._activity.isHidden()

    def clear(self) -> None:
        """Say nothing."""
        self.hide()
        self._say("", "muted")

    def show_words(self, words: str, tone: Tone = "muted") -> None:
        """Say `words`; their owner says them again in another language."""
        self._say(words, tone)
        self.show()

    def show_busy(self, words: str) -> None:
        """Say what is being done."""
        self._say("", "muted")
        self._activity.say(words)
        self._activity.show()
        self.show()

    def show_error(self, error: LapisError) -> None:
        """Say what is wrong, and what helps."""
        words = self.tr("{title}. {hint}").format(title=say(error.title), hint=say(error.hint))
        self._say(words, "bad")
        self._error = error
        self.show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange and self._error is not None:
            self.show_error(self._error)

    def _say(self, words: str, tone: Tone) -> None:
        self._error = None
        self._activity.hide()
        self._words.setText(words)
        self._words.set_tone(tone)
        self._words.setVisible(bool(words))
