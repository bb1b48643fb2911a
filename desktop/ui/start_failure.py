"""A small window for the one case in which there can be no big one: Lapis cannot start.

GUI thread.
"""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout

from desktop.domain.errors import LapisError
from desktop.ui.buttons import TextButton
from desktop.ui.icons import app_icon
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Size, Space
from desktop.ui.translation import say

__all__ = ["StartFailure"]

_GEM = 2 * Size.ICON
_WIDTH = 460


class StartFailure(QDialog):
    """`exec` returns 1 when the person wants another try."""

    def __init__(self, error: LapisError) -> None:
        """Say what `error` says."""
        super().__init__()
        self.setWindowTitle("Lapis")
        gem = PlainLabel()
        gem.setPixmap(app_icon().pixmap(QSize(_GEM, _GEM)))
        title = PlainLabel(say(error.title), size="title", wrap=True)
        hint = PlainLabel(say(error.hint), tone="muted", wrap=True)
        again = TextButton(self.tr("Try again"), kind="primary")
        leave = TextButton(self.tr("Quit"))
        for button in (again, leave):
            # A dialog keeps Return from buttons that are not to be its default.
            button.setAutoDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(leave)
        buttons.addWidget(again)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        for part in (gem, title, hint):
            column.addWidget(part)
        column.addStretch(1)
        column.addLayout(buttons)
        self.setMinimumWidth(_WIDTH)
        again.clicked.connect(self.accept)
        leave.clicked.connect(self.reject)
        again.setFocus()
