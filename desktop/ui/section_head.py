"""The heading of a part of a page, with a line about it and something at the right. GUI thread."""

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space

__all__ = ["SectionHead"]


class SectionHead(QWidget):
    """A heading; the line below it is there only if it says something."""

    def __init__(self, beside: QWidget | None = None) -> None:
        """Put `beside` at the right end."""
        super().__init__()
        self._title = PlainLabel(size="title", wrap=True)
        self._about = PlainLabel(tone="muted", size="small", wrap=True)
        self._about.hide()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._about)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, Space.S, 0, 0)
        row.setSpacing(Space.M)
        row.addLayout(words, 1)
        if beside is not None:
            row.addWidget(beside)

    def say(self, title: str, about: str = "") -> None:
        """Show `title`, and `about` below it."""
        self._title.setText(title)
        self._about.setText(about)
        self._about.setVisible(bool(about))
