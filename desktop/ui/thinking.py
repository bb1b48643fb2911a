"""The model's thinking: one quiet line that opens to all of it.

Closed, it costs nothing but the keeping of its words. GUI thread.
"""

import time

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.fold_button import FoldButton
from desktop.ui.rich_text import RichText
from desktop.ui.throttle import Throttle
from desktop.ui.tokens import Space
from desktop.ui.weakly import weakly

__all__ = ["Thinking"]

_REPAINT_MS = 60
_PORTION = 4_000
_MINUTE = 60


class Thinking(QWidget):
    """Collapsed at first; the seconds are measured while it is written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show a closed, empty block."""
        super().__init__(parent)
        self._pieces: list[str] = []
        self._written = 0
        self._is_written = False
        self._began = 0.0
        self._seconds: int | None = None
        self._words: RichText | None = None
        self._body: QWidget | None = None
        self._head = FoldButton()
        self._head.toggled.connect(self._on_toggled)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.S)
        self._layout.addWidget(self._head, 0, Qt.AlignmentFlag.AlignLeft)
        self._repaint = Throttle(weakly(self._write_more, None), _REPAINT_MS, self)
        self._say()

    @property
    def text(self) -> RichText | None:
        """The words, for selecting; None while nobody has opened them."""
        return self._words if self._head.isChecked() else None

    def show_past(self, text: str, seconds: float | None = None) -> None:
        """Show thinking that was kept; `seconds` is how long it took, if that is known."""
        self._is_written = False
        self._seconds = None if seconds is None else max(1, round(seconds))
        self._pieces = [text.strip()]
        self._say()
        self._write_all()

    def add(self, piece: str) -> None:
        """Show more of what is being thought."""
        if not self._is_written:
            self._is_written = True
            self._began = self._began or time.monotonic()
            self._say()
        self._pieces.append(piece)
        if self._head.isChecked():
            self._repaint.call()

    def end(self, seconds: float | None = None) -> None:
        """Say how long it took, as measured here if `seconds` is not known.

        Does nothing unless it is being written.
        """
        if self._is_written:
            self._is_written = False
            taken = time.monotonic() - self._began if seconds is None else seconds
            self._seconds = max(1, round(taken))
            self._say()
        self._repaint.flush()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        if self._is_written:
            words = self.tr("Thinking…")
        elif self._seconds is None:
            words = self.tr("Thoughts")
        elif self._seconds < _MINUTE:
            words = self.tr("Thought for {seconds} s").format(seconds=self._seconds)
        else:
            minutes, seconds = divmod(self._seconds, _MINUTE)
            words = self.tr("Thought for {minutes} min {seconds} s").format(
                minutes=minutes, seconds=seconds
            )
        self._head.setText(words)

    def _on_toggled(self, is_open: bool) -> None:
        if is_open and self._body is None:
            self._body = self._made_body()
            self._layout.addWidget(self._body)
        if self._body is not None:
            self._body.setVisible(is_open)
        self._layout.setContentsMargins(0, 0, 0, Space.S if is_open else 0)
        if is_open:
            self._write_more()

    def _made_body(self) -> QWidget:
        body = QWidget()
        self._words = RichText()
        self._words.restyled.connect(self._write_all)
        line = QFrame()
        line.setProperty("panel", "line")
        line.setFixedWidth(2)
        inside = QHBoxLayout(body)
        inside.setContentsMargins(Space.S - 1, 0, 0, 0)
        inside.setSpacing(Space.M + 1)
        inside.addWidget(line)
        inside.addWidget(self._words, 1)
        return body

    def _write_more(self) -> None:
        """Write what is new, if anybody looks; much of it in portions."""
        if self._words is None or not self._head.isChecked():
            return
        text = "".join(self._pieces)
        self._pieces = [text]
        fresh = text[self._written : self._written + _PORTION]
        if not fresh:
            return
        self._words.writer().lines(fresh, self._words.theme.muted)
        self._written += len(fresh)
        if self._written < len(text):
            self._repaint.call()

    def _write_all(self) -> None:
        self._written = 0
        if self._words is not None:
            self._words.clear_text()
            self._write_more()
