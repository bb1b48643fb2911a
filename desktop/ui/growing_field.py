"""A field for several lines that grows with its text, up to a limit. GUI thread."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

__all__ = ["GrowingField"]

_FRAME = 16


class GrowingField(QPlainTextEdit):
    """`least` to `most` lines high; beyond, it scrolls."""

    left = Signal()
    """The focus went elsewhere."""

    def __init__(self, least: int, most: int, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._least, self._most = least, most
        self.setProperty("panel", "field")
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def show_text(self, text: str) -> None:
        """Show `text` without telling; the cursor stays where it is if it says that already."""
        if text != self.toPlainText():
            self.blockSignals(True)
            self.setPlainText(text)
            self.blockSignals(False)
            self._fit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that the typing is over."""
        super().focusOutEvent(event)
        self.left.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width breaks the lines elsewhere."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Take the height of the lines themselves: Chinese ones are higher than the font says."""
        line = self.fontMetrics().lineSpacing()
        most = self._most * line
        tall = 0.0
        block = self.document().firstBlock()
        while block.isValid() and tall < most:
            tall += self.blockBoundingRect(block).height()
            block = block.next()
        margins = 2 * round(self.document().documentMargin())
        height = round(min(most, max(tall, self._least * line))) + margins + _FRAME
        if height != self.height():
            self.setFixedHeight(height)
