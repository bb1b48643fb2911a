"""A question to begin with, as a card to click. GUI thread."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui.icons import IconName
from desktop.ui.labels import PlainLabel
from desktop.ui.laid_out_button import LaidOutButton
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["ExampleCard"]

_ICON = 18


class ExampleCard(LaidOutButton):
    """An icon above a question; one click asks it."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Offer nothing yet."""
        super().__init__("card", parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._icon = TintedIcon("info", _ICON, tone="accent")
        self._words = PlainLabel(wrap=True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L - 2, Space.L - 2, Space.L - 2, Space.L - 2)
        layout.setSpacing(Space.S)
        for part in (self._icon, self._words):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout.addWidget(self._icon)
        layout.addWidget(self._words, 1)
        self.clicked.connect(self._on_clicked)

    def offer(self, name: IconName, question: str) -> None:
        """Show `question` under the icon `name`."""
        self._icon.set_icon(name)
        self._words.setText(question)
        self.setAccessibleName(question)

    def _on_clicked(self) -> None:
        self.chosen.emit(self._words.text())
