"""What can be done about a chat that is too long for the model. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.domain.chat_settings import Overflow
from desktop.ui.buttons import TextButton
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.labels import set_tooltip
from desktop.ui.tokens import Space

__all__ = ["LARGER", "OverflowChoices"]

LARGER = "larger"
"""Chosen when the context window itself is to grow."""


class OverflowChoices(QWidget):
    """A button for each way; nothing is done to a chat before one is chosen."""

    chosen = Signal(object)
    """(Overflow or LARGER)"""

    def __init__(self, *, alone: bool = False) -> None:
        """Offer what needs no memory; nothing of it helps a question that is too long `alone`."""
        super().__init__()
        self._cost: str | None = None
        self._drop = TextButton()
        self._summarise = TextButton()
        self._larger = TextButton()
        self._flow = FlowLayout(self, beside=Space.S, between=Space.S)
        for button in (self._drop, self._summarise, self._larger):
            self._flow.addWidget(button)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._larger.hide()
        for button in (self._drop, self._summarise):
            button.setHidden(alone)
        self._drop.clicked.connect(lambda: self.chosen.emit(Overflow.DROP))
        self._summarise.clicked.connect(lambda: self.chosen.emit(Overflow.SUMMARISE))
        self._larger.clicked.connect(lambda: self.chosen.emit(LARGER))
        self._say()

    def add_last(self, button: QWidget) -> None:
        """Stand `button` behind the others."""
        self._flow.addWidget(button)

    def set_larger(self, cost: str | None) -> None:
        """Offer a larger context that takes `cost`, or None."""
        self._cost = cost
        self._larger.setVisible(cost is not None)
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        self._drop.setText(self.tr("Leave out the oldest turns"))
        set_tooltip(
            self._drop,
            self.tr("The model forgets them, except the first; they stay in the chat."),
        )
        self._summarise.setText(self.tr("Summarise and go on"))
        set_tooltip(
            self._summarise,
            self.tr("The model writes down what was said so far, and remembers only that."),
        )
        larger = self.tr("Larger context")
        self._larger.setText(f"{larger} · {self._cost}" if self._cost else larger)
        set_tooltip(
            self._larger, self.tr("The model is loaded again with room for more; nothing is lost.")
        )
