"""What is known of newer versions, below the switch in the settings. Values in, signals out.

GUI thread.
"""

import time

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.services.update_words import standing_words
from desktop.ui.activity import Activity
from desktop.ui.buttons import TextButton
from desktop.ui.labels import PlainLabel
from desktop.ui.tokens import Space
from desktop.ui.translation import say
from desktop.ui.update_desk import UpdateView

__all__ = ["UpdateLine"]


class UpdateLine(QWidget):
    """When somebody was last asked, what came of it, and the way to the page of a newer version."""

    check_requested = Signal()
    page_requested = Signal()

    def __init__(self) -> None:
        """Know nothing yet."""
        super().__init__()
        self._view: UpdateView | None = None
        self._error: LapisError | None = None
        self._is_busy = False
        self._language = "en"
        self._activity = Activity()
        self._words = PlainLabel(wrap=True)
        self._notes = PlainLabel(tone="muted", size="small", wrap=True)
        self._problem = PlainLabel(tone="bad", size="small", wrap=True)
        self._asked = PlainLabel(tone="muted", size="small", wrap=True)
        self._check = TextButton()
        self._page = TextButton()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        told = QVBoxLayout()
        told.setSpacing(2)
        told.addWidget(self._activity)
        told.addWidget(self._words)
        told.addWidget(self._notes)
        column.addLayout(told)
        column.addWidget(self._problem)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self._page)
        row.addWidget(self._check)
        row.addSpacing(Space.XS)
        row.addWidget(self._asked, 1)
        # Without the words beside it the button stays as small as it is.
        row.addStretch()
        column.addLayout(row)
        self._check.clicked.connect(self._on_check_clicked)
        self._page.clicked.connect(self.page_requested)
        self._show()

    def show_view(self, view: UpdateView, language: str) -> None:
        """Show what is known, notes in `language`; what a person asked for came."""
        self._view, self._language, self._is_busy = view, language, False
        self._show()

    def show_problem(self, error: LapisError) -> None:
        """Say why nothing came of what a person asked for."""
        self._error, self._is_busy = error, False
        self._show()

    def forget_problem(self) -> None:
        """Take an old failure away, now that somebody looks anew."""
        self._error = None
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()

    def _on_check_clicked(self) -> None:
        self._error, self._is_busy = None, True
        self._show()
        self.check_requested.emit()

    def _show(self) -> None:
        view = self._view
        self._check.setText(self.tr("Check now"))
        self._check.setAccessibleName(self.tr("Check now for a new version"))
        self._page.setText(self.tr("Open the download page"))
        # Not disabled: the keyboard would be taken from it.
        can_ask = view is not None and view.hindrance is None
        self.setVisible(can_ask)
        if view is None or not can_ask:
            return
        standing = view.standing
        news = standing.news if standing.is_newer else None
        self._page.setVisible(news is not None)
        note = news.note(self._language) if news is not None else ""
        self._notes.setText(note)
        self._notes.setVisible(bool(note))
        words = say(standing_words(standing, view.version))
        asking = self.tr("Asking {host}…").format(host=view.host)
        self._activity.say(asking)
        self._activity.setVisible(self._is_busy)
        problem = ""
        if self._error is not None:
            problem = f"{say(self._error.title)}\n{say(self._error.hint)}"
        self._words.setText(words)
        # Without a newer version there is nothing to say beside what went wrong.
        self._words.setVisible(not self._is_busy and (not problem or news is not None))
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(standing.asked_at))
        self._asked.setText(self.tr("Last checked: {time}").format(time=when))
        self._asked.setVisible(standing.asked_at > 0)
        self._check.setAccessibleDescription(asking if self._is_busy else problem or words)
