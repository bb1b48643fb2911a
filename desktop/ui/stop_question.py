"""Asks, in the place of a row, before what was downloaded is thrown away. GUI thread."""

from PySide6.QtCore import QEvent

from desktop.domain.quantities import sized
from desktop.ui.row_question import RowQuestion

__all__ = ["StopQuestion"]


class StopQuestion(RowQuestion):
    """Keep, or stop and delete."""

    def __init__(self) -> None:
        """Ask about nothing yet."""
        super().__init__()
        self._size = 0
        self._say()

    def ask(self, size: int) -> None:
        """Ask about `size` bytes."""
        self._size = size
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        words = self.tr("Stop, and delete the {size} that are here already?")
        self.say(words.format(size=sized(self._size)), self.tr("Keep"), self.tr("Stop and delete"))
