"""What can be done about a model that this computer has no memory for. GUI thread."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.domain.quantities import tokens
from desktop.ui.buttons import TextButton
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.labels import set_tooltip
from desktop.ui.tokens import Space

__all__ = ["ANYWAY", "TooLargeChoices"]

ANYWAY = "anyway"
"""Chosen when the model is to be loaded all the same."""


class TooLargeChoices(QWidget):
    """A button for each way; a shorter context only where one helps."""

    chosen = Signal(object)
    """(a context in tokens, or ANYWAY)"""

    def __init__(self, shorter: int) -> None:
        """`shorter` is a context in tokens with which the model fits, 0 where there is none."""
        super().__init__()
        self._tokens = shorter
        self._shorter = TextButton()
        self._anyway = TextButton()
        self._flow = FlowLayout(self, beside=Space.S, between=Space.S)
        self._flow.addWidget(self._shorter)
        self._flow.addWidget(self._anyway)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._shorter.clicked.connect(lambda: self.chosen.emit(self._tokens))
        self._anyway.clicked.connect(lambda: self.chosen.emit(ANYWAY))
        self.set_other_chosen(False)
        self._say()

    def add_last(self, button: QWidget) -> None:
        """Stand `button` behind the others."""
        self._flow.addWidget(button)

    def set_other_chosen(self, chosen: bool) -> None:
        """Offer nothing for this model where another one is chosen by now."""
        self._shorter.setHidden(chosen or not self._tokens)
        self._anyway.setHidden(chosen)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        self._shorter.setText(f"{self.tr('Shorter context')} · {tokens(self._tokens)}")
        set_tooltip(self._shorter, self.tr("In this chat only: the model fits then."))
        self._anyway.setText(self.tr("Load it anyway"))
        set_tooltip(
            self._anyway,
            self.tr("What memory cannot hold is read from the disk while it answers: slowly."),
        )
