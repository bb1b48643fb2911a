"""The talk with a panel at its right: beside it, or over it where there is little room. GUI thread."""

from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

__all__ = ["SideSpace"]

_TALK_LEAST = 420


class SideSpace(QWidget):
    """Lays out two widgets; the panel is there from `take` on, while it is not hidden."""

    def __init__(self, talk: QWidget) -> None:
        """Give `talk` all the room there is."""
        super().__init__()
        self._talk = talk
        self._panel: QWidget | None = None
        talk.setParent(self)

    def take(self, panel: QWidget) -> None:
        """Keep room for `panel` whenever it is shown."""
        self._panel = panel
        panel.setParent(self)
        panel.setAutoFillBackground(True)
        panel.installEventFilter(self)
        self._arrange()

    @property
    def is_beside(self) -> bool:
        """Whether both are on show, side by side."""
        panel = self._panel
        return (
            panel is not None
            and not panel.isHidden()
            and self.width() >= _TALK_LEAST + panel.sizeHint().width()
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Make room when the panel comes, and give it back when it goes."""
        if event.type() in {QEvent.Type.ShowToParent, QEvent.Type.HideToParent}:
            self._arrange()
        return super().eventFilter(watched, event)

    def _arrange(self) -> None:
        panel = self._panel
        wide = 0 if panel is None else min(panel.sizeHint().width(), self.width())
        left = self.width() - wide
        self._talk.setGeometry(0, 0, left if self.is_beside else self.width(), self.height())
        if panel is not None:
            panel.setGeometry(QRect(left, 0, wide, self.height()))
            panel.raise_()
