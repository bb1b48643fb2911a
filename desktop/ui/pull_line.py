"""A model that an Ollama is to fetch: its name, then how far it is. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.domain.connection import PullProgress
from desktop.domain.errors import LapisError
from desktop.domain.quantities import part_of, speed, time_left
from desktop.domain.text import printable, shortened
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.labels import ElidedLabel
from desktop.ui.row_note import RowNote
from desktop.ui.share_bar import ShareBar
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["PullLine"]

_BUTTON = 28
_LONGEST = 200
_LONGEST_STEP = 60


class PullLine(QWidget):
    """One model at a time."""

    pull_requested = Signal(str)
    """(name): answer with `show_progress`, and in the end `show_done` or `show_problem`."""
    stop_requested = Signal()

    def __init__(self) -> None:
        """Start with nothing to fetch."""
        super().__init__()
        self._name = ""
        self._progress: PullProgress | None = None
        self._is_done = False
        self._field = QLineEdit()
        self._field.setMaxLength(_LONGEST)
        self._get = TextButton()
        self._title = ElidedLabel()
        self._far = ElidedLabel(tone="muted", size="small")
        self._bar = ShareBar()
        self._stop = IconButton("close", side=_BUTTON)
        self._note = RowNote()
        self._asking, self._going = QWidget(), QWidget()
        self._lay_out()
        self._field.textChanged.connect(self._on_typed)
        self._field.returnPressed.connect(self._on_get_clicked)
        self._get.clicked.connect(self._on_get_clicked)
        self._stop.clicked.connect(self.stop_requested)
        self._show()

    @property
    def is_running(self) -> bool:
        """Whether something is being fetched."""
        return self._progress is not None

    def show_progress(self, name: str, progress: PullProgress) -> None:
        """Show how far `name` is."""
        self._name, self._progress, self._is_done = name, progress, False
        self._note.clear()
        self._show()

    def show_done(self) -> None:
        """Say that the model is there."""
        self._progress, self._is_done = None, True
        self._field.clear()
        self._show()

    def show_stopped(self) -> None:
        """Offer to fetch it again: an Ollama keeps what it has of a model."""
        self._progress = None
        self._show()

    def show_problem(self, error: LapisError) -> None:
        """Say why the model is not there."""
        self._progress = None
        self._show()
        self._note.show_error(error)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()

    def _lay_out(self) -> None:
        asking = QHBoxLayout(self._asking)
        asking.setContentsMargins(0, 0, 0, 0)
        asking.setSpacing(Space.S)
        asking.addWidget(self._field, 1)
        asking.addWidget(self._get)
        upper = QHBoxLayout()
        upper.setSpacing(Space.M)
        upper.addWidget(self._title, 1)
        upper.addWidget(self._far)
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addLayout(upper)
        words.addWidget(self._bar)
        going = QHBoxLayout(self._going)
        going.setContentsMargins(0, 0, 0, 0)
        going.setSpacing(Space.S)
        going.addLayout(words, 1)
        going.addWidget(self._stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._asking)
        column.addWidget(self._going)
        column.addWidget(self._note)

    def _on_typed(self, text: str) -> None:
        self._get.setEnabled(bool(text.strip()))
        if text:
            self._is_done = False
            self._note.clear()

    def _on_get_clicked(self) -> None:
        name = self._field.text().strip()
        if name and not self.is_running:
            self.pull_requested.emit(name)

    def _turn(self, *, is_going: bool) -> None:
        """Show how far it is, or the field; the keyboard stays here."""
        shown, other = (self._going, self._asking) if is_going else (self._asking, self._going)
        focused: QWidget | None = self.window().focusWidget()
        had_focus = focused is not None and other.isAncestorOf(focused)
        shown.show()
        if had_focus:
            (self._stop if is_going else self._field).setFocus(Qt.FocusReason.OtherFocusReason)
        other.hide()

    def _show(self) -> None:
        progress = self._progress
        self._turn(is_going=progress is not None)
        self._field.setPlaceholderText(self.tr("Name in Ollama's library, such as gemma2:9b"))
        self._field.setAccessibleName(self.tr("Model to fetch"))
        self._get.setText(self.tr("Fetch"))
        self._get.setEnabled(bool(self._field.text().strip()))
        self._stop.set_label(self.tr("Stop"))
        if progress is not None:
            self._title.setText(self.tr("Fetching {name}").format(name=printable(self._name)))
            self._far.setText(" · ".join(_far(progress)))
            self._bar.show_share(progress.done, progress.total)
            self._bar.setAccessibleName(self._title.whole_text())
        elif self._is_done:
            words = self.tr("{name} is there.").format(name=printable(self._name))
            self._note.show_words(words, "good")


def _far(progress: PullProgress) -> list[str]:
    """Return how far it is: bytes, speed, what is left; or what the server says it does."""
    if progress.total <= 0:
        return [shortened(printable(progress.step), _LONGEST_STEP)]
    parts = [say(part_of(progress.done, progress.total))]
    if progress.bytes_per_second > 0 and progress.done < progress.total:
        left = (progress.total - progress.done) / progress.bytes_per_second
        parts += [speed(progress.bytes_per_second), say(time_left(left))]
    return parts
