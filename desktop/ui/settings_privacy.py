"""Every connection that was made, on the settings page: whom Lapis asked, and what for. GUI thread."""

import time
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.errors import LapisError
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.services.network_words import HostLine, list_text
from desktop.ui.buttons import TextButton
from desktop.ui.form_panel import FormPanel
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.network_row import NetworkRow
from desktop.ui.row_note import RowNote
from desktop.ui.settings_section import SettingsSection
from desktop.ui.toast import Toast
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["PrivacySection"]

_MOST_ROWS: Final = 12
_ANEW_MS: Final = 3000


class PrivacySection(SettingsSection):
    """Other computers first, what stays on this one below; `toast` offers to undo."""

    help_topic = "privacy"
    looked_at = Signal()
    """The list is seen, told now and then: answer with `show_lines` or `show_problem`."""
    clear_requested = Signal()
    offline_requested = Signal()
    """Show where the offline switch is."""

    def __init__(self) -> None:
        """Start with an empty list."""
        self._lines: tuple[HostLine, ...] = ()
        self._shows_all = False
        self._is_offline = False
        self._none = PlainLabel(tone="muted", wrap=True)
        self._problem = RowNote()
        self._far, self._near = QVBoxLayout(), QVBoxLayout()
        self._near_title = PlainLabel(tone="muted", size="small")
        self._more = LinkButton()
        self._copy, self._clear = TextButton(), TextButton()
        self._offline_words = PlainLabel(wrap=True)
        self._offline_link = LinkButton()
        self.toast = Toast()
        foot = QHBoxLayout()
        foot.setSpacing(Space.S)
        for button in (self._copy, self._clear):
            foot.addWidget(button)
        foot.addStretch(1)
        self._rows = self._put_rows()
        self._list = FormPanel([self._none, self._rows, self._problem], foot)
        self._switch = FormPanel([self._offline_words, self._offline_link])
        super().__init__()
        self._anew = QTimer(self, interval=_ANEW_MS)
        for widget in (self._list, self.toast, self._switch):
            self.column.addWidget(widget)
        self._copy.clicked.connect(self._on_copy_clicked)
        self._clear.clicked.connect(self._on_clear_clicked)
        self._more.clicked.connect(self._on_more_clicked)
        self._offline_link.clicked.connect(self.offline_requested)
        self._anew.timeout.connect(self.looked_at)
        self._show()

    def show_settings(self, settings: Settings) -> None:
        """Say whether other computers are asked at all."""
        super().show_settings(settings)
        self._is_offline = settings.connections.offline
        self._show()

    def show_lines(self, lines: Sequence[HostLine]) -> None:
        """List what was done, a line for each host."""
        self._problem.clear()
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self._show()

    def show_problem(self, error: LapisError) -> None:
        """Say why there is no list."""
        self._problem.show_error(error)

    def offer_undo(self) -> None:
        """Say that the list was cleared, and offer to bring it back."""
        self.toast.offer_undo(Text("The list of connections was cleared"), 0)

    def search(self, wanted: str) -> bool:
        """Show only the parts that have the words `wanted`."""
        words = wanted.casefold().split()
        names = " ".join(line.host for line in self._lines)
        listed = f"{self.title} {self._heading()} {names}".casefold()
        switch = f"{self.title} {self._offline_words.text()}".casefold()
        shown = [all(word in said for word in words) for said in (listed, switch)]
        self._list.setVisible(shown[0])
        self._switch.setVisible(shown[1])
        return any(shown)

    def showEvent(self, event: QShowEvent) -> None:
        """Have the newest looked up, for as long as somebody looks."""
        super().showEvent(event)
        self.looked_at.emit()
        self._anew.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the disk alone."""
        super().hideEvent(event)
        self._anew.stop()

    def say(self) -> None:
        """Name everything in today's language."""
        self.title = self.tr("Privacy")
        self._list.set_heading(
            self._heading(),
            self.tr(
                "Whom Lapis asked over the network, in the window and in the terminal. Noted on this"
                " computer only: never what was asked or answered."
            ),
        )
        self._none.setText(self.tr("Lapis has opened no connection since this list began."))
        self._near_title.setText(self.tr("Programs on this computer"))
        self._copy.setText(self.tr("Copy as text"))
        self._clear.setText(self.tr("Clear list"))
        self._offline_link.setText(self.tr("Open Connections"))
        self._show()

    def _heading(self) -> str:
        return self.tr("Every connection")

    def _put_rows(self) -> QWidget:
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.L)
        for part in (self._far, self._near):
            part.setSpacing(Space.L)
        column.addLayout(self._far)
        column.addWidget(self._near_title)
        column.addLayout(self._near)
        column.addWidget(self._more)
        return rows

    def _show(self) -> None:
        shown = self._lines if self._shows_all else self._lines[:_MOST_ROWS]
        now = time.time()
        for part, is_here in ((self._far, False), (self._near, True)):
            while (item := part.takeAt(0)) is not None:
                if (row := item.widget()) is not None:
                    row.hide()
                    row.deleteLater()
            for line in shown:
                if line.is_here is is_here:
                    part.addWidget(NetworkRow(line, now))
        hidden = len(self._lines) - len(shown)
        self._more.setText(self.tr("Show all {count}").format(count=f"{len(self._lines):,}"))
        self._more.setVisible(hidden > 0)
        self._near_title.setVisible(any(line.is_here for line in shown))
        self._none.setVisible(not self._lines)
        self._rows.setVisible(bool(self._lines))
        for button in (self._copy, self._clear):
            button.setVisible(bool(self._lines))
        self._offline_words.setText(
            self.tr(
                "“Stay offline” is on: no other computer is asked, for no search, download, server"
                " or news of versions. What is held back is listed above."
            )
            if self._is_offline
            else self.tr(
                "“Stay offline” is off. Turned on, it holds back every search, download, question"
                " to a server elsewhere and news of versions."
            )
        )

    def _on_more_clicked(self) -> None:
        self._shows_all = True
        self.focusNextChild()
        self._show()

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(list_text(self._lines, say, time.time()))

    def _on_clear_clicked(self) -> None:
        # The button is about to go.
        self.focusNextChild()
        self.clear_requested.emit()
