"""The round button over a transcript that leads back to its end. GUI thread."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget

from desktop.ui.buttons import IconButton
from desktop.ui.tokens import Space

__all__ = ["JumpButton"]

_SIDE = 36


class JumpButton(IconButton):
    """Floats over the foot of `parent` while it is wanted."""

    def __init__(self, parent: QWidget) -> None:
        """Start hidden."""
        super().__init__("arrow-down", side=_SIDE, parent=parent)
        self._parent = parent
        self.setProperty("kind", "round")
        self._say()
        self.hide()

    def set_wanted(self, wanted: bool) -> None:
        """Be there, or not."""
        if wanted is self.isHidden():
            self.setVisible(wanted)
            self.place()
            self.raise_()

    def place(self) -> None:
        """Take the place at the foot of the parent."""
        left = (self._parent.width() - self.width()) // 2
        self.move(left, self._parent.height() - self.height() - Space.M)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        self.set_label(self.tr("Jump to the end"))
