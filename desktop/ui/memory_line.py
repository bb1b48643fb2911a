"""The line in a transcript above which the model remembers nothing, or only a summary. GUI thread."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.domain.history import MemoryStart
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.markdown_parts import code_text
from desktop.ui.rich_text import RichText
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["MemoryLine"]

_SIGN = 16


class MemoryLine(QWidget):
    """Says what is kept of what stands above; a summary can be opened and read."""

    def __init__(self, memory: MemoryStart) -> None:
        """Show where `memory` begins, its summary closed."""
        super().__init__()
        self._memory = memory
        self._title = PlainLabel(tone="muted", size="small")
        self._kept = PlainLabel(tone="muted", size="small")
        self._open = LinkButton()
        self._open.setCheckable(True)
        self._open.toggled.connect(self._on_toggled)
        self._open.setVisible(bool(memory.summary))
        self._summary: RichText | None = None
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(Space.S)
        head.addWidget(_line(), 1)
        head.addWidget(TintedIcon("brain", _SIGN))
        head.addWidget(self._title)
        head.addWidget(_line(), 1)
        below = QHBoxLayout()
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(Space.S)
        below.addStretch(1)
        below.addWidget(self._kept)
        below.addWidget(self._open)
        below.addStretch(1)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, Space.S, 0, Space.S)
        self._layout.setSpacing(Space.XS)
        self._layout.addLayout(head)
        self._layout.addLayout(below)
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _on_toggled(self, is_open: bool) -> None:
        if is_open and self._summary is None:
            self._summary = RichText()
            self._summary.restyled.connect(self._write)
            self._layout.addWidget(self._summary)
            self._write()
        if self._summary is not None:
            self._summary.setVisible(is_open)
        self._say()

    def _write(self) -> None:
        if self._summary is not None:
            self._summary.clear_text()
            writer = self._summary.writer()
            writer.lines(code_text(self._memory.summary), self._summary.theme.muted)

    def _say(self) -> None:
        self._title.setText(self.tr("The model remembers from here on"))
        match bool(self._memory.summary), self._memory.keeps_first:
            case True, True:
                kept = self.tr("Kept of what came before: the first question and a summary")
            case True, False:
                kept = self.tr("Kept of what came before: a summary")
            case False, True:
                kept = self.tr("Kept of what came before: the first question and its answer")
            case _:
                kept = self.tr("Nothing of what came before is sent to the model")
        self._kept.setText(kept)
        is_open = self._open.isChecked()
        self._open.setText(self.tr("Hide the summary") if is_open else self.tr("Show the summary"))
        self.setAccessibleName(f"{self._title.text()}. {kept}")
        if self._summary is not None:
            self._summary.setAccessibleName(self.tr("Summary of what came before"))


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("panel", "line")
    line.setFixedHeight(1)
    line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    line.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return line
