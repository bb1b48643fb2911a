"""The quiet line under pictures that the chosen model cannot see. GUI thread."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.domain.model import InstalledModel
from desktop.domain.text import printable, shortened
from desktop.ui.composer_chips import ComposerChips
from desktop.ui.engine_words import model_title
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
    sight_wanted = Signal(object)
    """(InstalledModel): it matters whether it sees, and nobody knows; then `look_again`."""

    def __init__(self, chips: ComposerChips) -> None:
        """Watch `chips`; of the model nothing is known yet."""
        super().__init__()
        self._chips = chips
        self._model: InstalledModel | None = None
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
        chips.changed.connect(self.look_again)
        self._say()
        self.hide()

    def set_model(self, model: InstalledModel | None, sees: Callable[[], bool | None]) -> None:
        """Speak of `model`; `sees` tells at once whether it does, None where that is not known."""
        self._model, self._sees = model, sees
        self._say()
        self.look_again()

    def look_again(self) -> None:
        """Show what is known now."""
        has_pictures = any(each.is_picture for each in self._chips.attachments())
        sees = self._sees() if has_pictures else None
        self.setVisible(sees is False)
        if has_pictures and sees is None and self._model is not None:
            self.sight_wanted.emit(self._model)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        name = shortened(printable(model_title(self._model), " "), _LONGEST_NAME)
        self._words.setText(self.tr("{model} cannot see pictures.").format(model=name))
        self._other.setText(self.tr("Choose another model"))
