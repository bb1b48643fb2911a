"""Errors and notices above the composer: the fact, the next step, a button or two. Never modal.

GUI thread.
"""

from enum import Enum

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.domain.text import Text
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["Banner", "Remedy"]

_CLOSE = 24
_NARROW = 560


class Remedy(Enum):
    """What a button of the banner offers."""

    RETRY = "retry"
    CHOOSE_MODEL = "choose_model"
    COPY_REPORT = "copy_report"


class Banner(QFrame):
    """One message at a time, the newest; stays until it is solved or closed."""

    remedy_chosen = Signal(object)
    """(Remedy)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(parent)
        self._title: Text | None = None
        self._hint: Text | None = None
        self._topic = ""
        self._title_label = PlainLabel(wrap=True)
        self._title_label.setProperty("strong", True)
        self._hint_label = PlainLabel(tone="muted", wrap=True)
        self._buttons = {remedy: TextButton() for remedy in Remedy}
        self._close = IconButton("close", side=_CLOSE)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._lay_out()
        for remedy, button in self._buttons.items():
            button.clicked.connect(lambda _checked, remedy=remedy: self._on_clicked(remedy))
        self._close.clicked.connect(self.hide)
        self._retranslate()
        self.hide()

    @property
    def topic(self) -> str:
        """What the shown message is about; empty when none is shown."""
        return "" if self.isHidden() else self._topic

    def show_error(self, topic: str, error: LapisError, *remedies: Remedy) -> None:
        """Show `error`; `topic` lets whoever solves it take the message away."""
        self._show(topic, "bad", error.title, error.hint, remedies)

    def show_notice(self, topic: str, title: Text, hint: Text | None = None) -> None:
        """Show a message that is no error."""
        self._show(topic, "card", title, hint, ())

    def solve(self, topic: str) -> None:
        """Hide the message if it is about `topic`."""
        if self._topic == topic:
            self.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the buttons under the words where both do not fit beside each other."""
        super().resizeEvent(event)
        direction = QBoxLayout.Direction
        narrow = event.size().width() < _NARROW
        self._body.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _show(
        self, topic: str, panel: str, title: Text, hint: Text | None, remedies: tuple[Remedy, ...]
    ) -> None:
        self._topic, self._title, self._hint = topic, title, hint
        self.setProperty("panel", panel)
        self.style().unpolish(self)
        self.style().polish(self)
        for remedy, button in self._buttons.items():
            button.setVisible(remedy in remedies)
        self._retranslate()
        self.show()

    def _on_clicked(self, remedy: Remedy) -> None:
        if remedy is not Remedy.COPY_REPORT:
            self.hide()
        self.remedy_chosen.emit(remedy)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title_label)
        words.addWidget(self._hint_label)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        for button in self._buttons.values():
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._body.setSpacing(Space.M)
        self._body.addLayout(words, 1)
        self._body.addLayout(buttons)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(Space.L, Space.M, Space.S, Space.M)
        whole.setSpacing(Space.S)
        whole.addLayout(self._body, 1)
        whole.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)

    def _retranslate(self) -> None:
        title = say(self._title) if self._title is not None else ""
        hint = say(self._hint) if self._hint is not None else ""
        self._title_label.setText(title)
        self._hint_label.setText(hint)
        self._hint_label.setVisible(bool(hint))
        self.setAccessibleName(title)
        self.setAccessibleDescription(hint)
        self._buttons[Remedy.RETRY].setText(self.tr("Try again"))
        self._buttons[Remedy.CHOOSE_MODEL].setText(self.tr("Choose a model"))
        self._buttons[Remedy.COPY_REPORT].setText(self.tr("Copy report"))
        self._close.set_label(self.tr("Close"))
