"""Long pastes as chips above the field, so that five megabytes of log do not stop the typing.

GUI thread.
"""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.text import Text
from desktop.ui.buttons import IconButton
from desktop.ui.labels import ElidedLabel
from desktop.ui.tokens import Size, Space
from desktop.ui.translation import say

__all__ = ["PasteChips"]

_PREVIEW = 60
_CLOSE = 24


class PasteChips(QWidget):
    """The pasted texts that go with the question."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with none, and invisible."""
        super().__init__(parent)
        self._texts: list[str] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, Space.S, 0)
        self._column.setSpacing(Space.XS)
        self.hide()

    def texts(self) -> list[str]:
        """Return the pastes, oldest first."""
        return list(self._texts)

    def set_texts(self, texts: list[str]) -> None:
        """Show these and no others."""
        if texts == self._texts:
            return
        self._texts = list(texts)
        self._show()

    def add(self, text: str) -> None:
        """Show one more."""
        self._texts.append(text)
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()

    def _show(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for place, text in enumerate(self._texts):
            chip = _Chip(text, self)
            chip.removed.connect(lambda place=place: self._remove(place))
            self._column.addWidget(chip)
        self.setVisible(bool(self._texts))
        self.changed.emit()

    def _remove(self, place: int) -> None:
        del self._texts[place]
        self._show()


class _Chip(QFrame):
    """One paste: how long it is and how it begins."""

    removed = Signal()

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("panel", "code")
        count = say(Text("Pasted text, {count} characters", {"count": f"{len(text):,}"}))
        start = " ".join(text[: _PREVIEW * 2].split())[:_PREVIEW]
        close = IconButton("close", self.tr("Remove the pasted text"), side=_CLOSE)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.XS, Space.XS, Space.XS)
        row.addWidget(ElidedLabel(count, size="small"))
        row.addWidget(ElidedLabel(start, tone="muted", size="small"), 1)
        row.addWidget(close)
        self.setMinimumHeight(Size.BUTTON)
        close.clicked.connect(self.removed)
