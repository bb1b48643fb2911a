"""The quiet line under pictures that the chosen model cannot see. GUI thread."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.domain.text import printable, shortened
from desktop.ui.composer_chips import ComposerChips
from desktop.ui.labels import ElidedLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.tokens import Space

__all__ = ["SightLine"]

_LONGEST_NAME = 60


def _unknown() -> bool | None:
    return None


class SightLine(QWidget):
    """Hidden unless there are pictures among `chips`, and it is known that nobody would see them."""

    other_wanted = Signal()
    """Another model is to be chosen."""

    def __init__(self, chips: ComposerChips) -> None:
        """Watch `chips`; of the model nothing is known yet."""
        super().__init__()
        self._chips = chips
        self._model = ""
        self._sees: Callable[[], bool | None] = _unknown
        self._words = ElidedLabel(tone="warn", size="small")
        self._other = LinkButton()
        self._other.clicked.connect(self.other_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._words, 0)
        row.addWidget(self._other, 0)
        row.addStretch(1)
        chips.changed.connect(self._look)
        self._say()
        self.hide()

    def set_model(self, title: str, sees: Callable[[], bool | None]) -> None:
        """Speak of the model called `title`; `sees` tells at once whether it does, None: unknown."""
        self._model, self._sees = title, sees
        self._say()
        self._look()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _look(self) -> None:
        has_pictures = any(each.is_picture for each in self._chips.attachments())
        self.setVisible(has_pictures and self._sees() is False)

    def _say(self) -> None:
        name = shortened(printable(self._model, " "), _LONGEST_NAME)
        self._words.setText(self.tr("{model} cannot see pictures.").format(model=name))
        self._other.setText(self.tr("Choose another model"))
