"""The model's thinking: one quiet line that opens to all of it. GUI thread."""

import time
from enum import Enum, auto

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop.ui.icons import icon
from desktop.ui.rich_text import RichText
from desktop.ui.throttle import Throttle
from desktop.ui.tokens import Space

__all__ = ["Thinking"]

_CHEVRON = 16
_MUTED = QPalette.ColorRole.PlaceholderText
_REPAINT_MS = 60


class _Phase(Enum):
    """Where the thinking stands; `PAST` was read from a kept chat, its duration unknown."""

    NOW = auto()
    DONE = auto()
    PAST = auto()


class Thinking(QWidget):
    """Collapsed at first; `seconds` are measured while it is written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show a closed, empty block."""
        super().__init__(parent)
        self._text = ""
        self._shown = ""
        self._phase = _Phase.PAST
        self._began = 0.0
        self._seconds = 0
        self._head = QToolButton()
        self._head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._head.setCheckable(True)
        self._head.setIconSize(QSize(_CHEVRON, _CHEVRON))
        self._head.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._head.setCursor(Qt.CursorShape.PointingHandCursor)
        self._head.setObjectName("fold")
        self._head.setProperty("kind", "fold")
        self._head.toggled.connect(self._on_toggled)
        self._body = QWidget()
        self._words = RichText()
        self._words.restyled.connect(self._write_all)
        line = QFrame()
        line.setProperty("panel", "line")
        line.setFixedWidth(2)
        inside = QHBoxLayout(self._body)
        inside.setContentsMargins(Space.S - 1, 0, 0, 0)
        inside.setSpacing(Space.M + 1)
        inside.addWidget(line)
        inside.addWidget(self._words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self._head, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._body)
        self._head.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._repaint = Throttle(self._write_more, _REPAINT_MS, self)
        self._on_toggled(False)

    def show_past(self, text: str) -> None:
        """Show thinking that was kept."""
        self._phase = _Phase.PAST
        self._text = text.strip()
        self._say()
        self._repaint.call()

    def add(self, piece: str) -> None:
        """Show more of what is being thought."""
        if self._phase is not _Phase.NOW:
            self._phase = _Phase.NOW
            self._began = self._began or time.monotonic()
            self._say()
        self._text += piece
        self._repaint.call()

    def end(self) -> None:
        """Say how long it took; does nothing unless it is being written."""
        if self._phase is _Phase.NOW:
            self._phase = _Phase.DONE
            self._seconds = max(1, round(time.monotonic() - self._began))
            self._say()
        self._repaint.flush()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        match self._phase:
            case _Phase.NOW:
                words = self.tr("Thinking…")
            case _Phase.DONE:
                words = self.tr("Thought for {seconds} s").format(seconds=self._seconds)
            case _Phase.PAST:
                words = self.tr("Thoughts")
        self._head.setText(words)

    def _on_toggled(self, is_open: bool) -> None:
        self._head.setIcon(icon("chevron-down" if is_open else "chevron-right", _MUTED))
        self._body.setVisible(is_open)
        if is_open:
            self._write_more()

    def _write_more(self) -> None:
        """Write what is new, if anybody looks."""
        if not self._head.isChecked():
            return
        if not self._text.startswith(self._shown):
            self._write_all()
            return
        self._words.writer().lines(self._text[len(self._shown) :], self._words.theme.muted)
        self._shown = self._text

    def _write_all(self) -> None:
        self._shown = ""
        self._words.clear_text()
        self._write_more()
