"""Moves between versions of one message: "‹ 2/3 ›". GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui.buttons import IconButton
from desktop.ui.labels import PlainLabel

__all__ = ["SiblingSwitch"]

_SIDE = 24


class SiblingSwitch(QWidget):
    """Shows which of how many versions is read, and asks for the one before or after."""

    stepped = Signal(int)
    """(-1 or +1)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show the first of one."""
        super().__init__(parent)
        self._place = (1, 1)
        self._back = IconButton("chevron-left", side=_SIDE)
        self._on = IconButton("chevron-right", side=_SIDE)
        self._words = PlainLabel(tone="muted", size="small")
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for part in (self._back, self._words, self._on):
            row.addWidget(part)
        self._back.clicked.connect(lambda: self.stepped.emit(-1))
        self._on.clicked.connect(lambda: self.stepped.emit(1))
        self._say()

    @property
    def buttons(self) -> tuple[QWidget, QWidget]:
        """What the Tab key visits, in order."""
        return self._back, self._on

    def set_place(self, place: int, siblings: int) -> None:
        """Show that `place`, from 1, of `siblings` versions is read."""
        self._place = (place, siblings)
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        place, siblings = self._place
        self._words.setText(f"{place}/{siblings}")
        spoken = self.tr("Version {place} of {count}").format(place=place, count=siblings)
        self._words.setAccessibleName(spoken)
        self.setAccessibleName(spoken)
        for button, leads in ((self._back, place > 1), (self._on, place < siblings)):
            button.setEnabled(leads)
        self._back.set_label(self.tr("Version before this one"))
        self._on.set_label(self.tr("Version after this one"))
