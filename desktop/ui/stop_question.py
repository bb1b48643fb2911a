"""Asks, in the place of a row, before what was downloaded is thrown away. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.domain.quantities import sized
from desktop.ui.buttons import TextButton
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space

__all__ = ["StopQuestion"]


class StopQuestion(QWidget):
    """Keep, or stop and delete."""

    answered = Signal(bool)
    """(whether to stop)"""

    def __init__(self) -> None:
        """Ask about nothing yet."""
        super().__init__()
        self._words = PlainLabel(wrap=True)
        self._keep = TextButton()
        self._stop = TextButton(kind="danger")
        self._size = 0
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._words, 1)
        row.addWidget(self._keep)
        row.addWidget(self._stop)
        self._keep.clicked.connect(lambda: self.answered.emit(False))
        self._stop.clicked.connect(lambda: self.answered.emit(True))
        self._say()

    def ask(self, size: int) -> None:
        """Ask about `size` bytes."""
        self._size = size
        self._say()

    def take_focus(self) -> None:
        """Let Enter keep them."""
        self._keep.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        words = self.tr("Stop, and delete the {size} that are here already?")
        self._words.setText(words.format(size=sized(self._size)))
        self._keep.setText(self.tr("Keep"))
        self._stop.setText(self.tr("Stop and delete"))
