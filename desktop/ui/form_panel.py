"""Rows of a form in a frame, under a heading. GUI thread."""

from collections.abc import Iterable

from PySide6.QtWidgets import QFrame, QLayout, QVBoxLayout, QWidget

from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space

__all__ = ["FormPanel"]


class FormPanel(QFrame):
    """The frame; rows that speak for themselves need no heading."""

    def __init__(
        self, rows: Iterable[QWidget], foot: QLayout | None = None, *, bare: bool = False
    ) -> None:
        """Put `rows` under each other, and `foot` below; a heading comes with `set_heading`.

        A `bare` one has no frame: it is a part of a page that has one.
        """
        super().__init__()
        self.setProperty("panel", "bare" if bare else "card")
        self._title = PlainLabel()
        self._title.setProperty("strong", True)
        self._hint = PlainLabel(tone="muted", size="small", wrap=True)
        self._heading = QWidget()
        heading = QVBoxLayout(self._heading)
        heading.setContentsMargins(0, 0, 0, 0)
        heading.setSpacing(2)
        heading.addWidget(self._title)
        heading.addWidget(self._hint)
        column = QVBoxLayout(self)
        if bare:
            column.setContentsMargins(0, 0, 0, 0)
        else:
            column.setContentsMargins(Space.L, Space.L, Space.M, Space.L)
        column.setSpacing(Space.L)
        column.addWidget(self._heading)
        for row in rows:
            column.addWidget(row)
        if foot is not None:
            column.addLayout(foot)
        self._heading.hide()

    def set_heading(self, title: str, hint: str = "") -> None:
        """Say what the rows are about."""
        self._title.setText(title)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._heading.show()
