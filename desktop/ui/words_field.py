"""A field for a text of several lines that is kept as it is written. GUI thread."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent
from PySide6.QtWidgets import QPlainTextEdit

__all__ = ["WordsField"]

_PAUSE_MS = 500


class WordsField(QPlainTextEdit):
    """Tells what is written when the typing pauses, and at once where the person goes away."""

    written = Signal(str)
    """(text): as much of it as is kept."""

    def __init__(self, tall: int, longest: int) -> None:
        """Be `tall` pixels high; of a text `longest` characters are told."""
        super().__init__()
        self._longest = longest
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._tell)
        self.setProperty("panel", "field")
        self.setTabChangesFocus(True)
        self.setFixedHeight(tall)
        self.textChanged.connect(self._pause.start)

    @property
    def is_being_written(self) -> bool:
        """Whether something is written that was not told yet."""
        return self._pause.isActive()

    def show_text(self, text: str) -> None:
        """Show `text` in place of what is written; nothing is told."""
        self._pause.stop()
        if text != self.toPlainText():
            self.blockSignals(True)
            self.setPlainText(text)
            self.blockSignals(False)

    def flush(self) -> None:
        """Tell what is written and was not told yet."""
        if self.is_being_written:
            self._pause.stop()
            self._tell()

    def forget(self) -> None:
        """Never tell what is written and was not told yet."""
        self._pause.stop()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell, as the typing is over."""
        super().focusOutEvent(event)
        self.flush()

    def hideEvent(self, event: QHideEvent) -> None:
        """Tell, as this may be the end: windows are hidden before anything is closed."""
        super().hideEvent(event)
        self.flush()

    def _tell(self) -> None:
        self.written.emit(self.toPlainText()[: self._longest])
