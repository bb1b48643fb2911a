"""Long work on model files, one line each: what is done, how far, and a way to stop it. GUI thread.

Verifying, copying, moving the folder and making smaller quantisations all look alike.
"""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.quantities import part_of, time_left
from desktop.domain.text import Text
from desktop.ui.buttons import IconButton
from desktop.ui.labels import ElidedLabel
from desktop.ui.share_bar import ShareBar
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["TaskLines", "TaskProgress"]

_STOP = 28


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """How far work on a file is; `done` of `total` bytes, `total` 0 while nobody knows.

    `words` say what is done ("Verifying “Gemma 2 9B”"); `seconds_left` None where nobody can know.
    """

    words: Text
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


class TaskLines(QFrame):
    """Hidden while nothing is done; lines keep their place until their work ends."""

    stop_requested = Signal(str)
    """(key)"""

    def __init__(self) -> None:
        """Start without work."""
        super().__init__()
        self.setProperty("panel", "card")
        self._lines: dict[str, _Line] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        self._column.setSpacing(Space.S)
        self.hide()

    def show_task(self, key: str, progress: TaskProgress) -> None:
        """Show how far the work `key` is, beginning with its first time."""
        line = self._lines.get(key)
        if line is None:
            line = _Line()
            line.stopped.connect(lambda: self.stop_requested.emit(key))
            self._lines[key] = line
            self._column.addWidget(line)
        line.show_progress(progress)
        self.show()

    def end_task(self, key: str) -> None:
        """Take away the line of `key`; nothing happens where there is none."""
        line = self._lines.pop(key, None)
        if line is not None:
            line.hide()
            self._column.removeWidget(line)
            line.deleteLater()
        self.setVisible(bool(self._lines))

    def take_focus(self, key: str) -> None:
        """Let the keyboard be where the work `key` is stopped; nothing happens without its line."""
        line = self._lines.get(key)
        if line is not None:
            line.take_focus()

    def is_running(self, key: str) -> bool:
        """Return whether `key` has a line."""
        return key in self._lines


class _Line(QWidget):
    stopped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._progress = TaskProgress(Text(""))
        self._words = ElidedLabel()
        self._far = ElidedLabel(tone="muted", size="small")
        self._bar = ShareBar()
        self._stop = IconButton("close", side=_STOP)
        upper = QHBoxLayout()
        upper.setSpacing(Space.M)
        upper.addWidget(self._words, 1)
        upper.addWidget(self._far)
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addLayout(upper)
        words.addWidget(self._bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addLayout(words, 1)
        row.addWidget(self._stop)
        self._stop.clicked.connect(self.stopped)

    def show_progress(self, progress: TaskProgress) -> None:
        self._progress = progress
        parts = []
        if progress.total:
            parts.append(say(part_of(progress.done, progress.total)))
        if progress.seconds_left is not None:
            parts.append(say(time_left(progress.seconds_left)))
        self._words.setText(say(progress.words))
        self._far.setText(" · ".join(parts))
        self._bar.show_share(progress.done, progress.total)
        self._bar.setAccessibleName(self._words.whole_text())
        self._stop.set_label(self.tr("Stop"))
        # Several lines have such a button.
        self._stop.setAccessibleDescription(self._words.whole_text())

    def take_focus(self) -> None:
        self._stop.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.show_progress(self._progress)
