"""Copies of all chats on the settings page, and the way back to one. GUI thread."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.store.copies import Copy
from desktop.ui.buttons import TextButton
from desktop.ui.form_panel import FormPanel
from desktop.ui.labels import PlainLabel
from desktop.ui.settings_entry import switch
from desktop.ui.settings_section import SettingsSection
from desktop.ui.tokens import Space

__all__ = ["CopiesSection"]


class CopiesSection(SettingsSection):
    """Shows the copies there are; restoring one is ordered here and done at the next start."""

    help_topic = "privacy"
    copies_wanted = Signal()
    """The list is about to be seen: answer with `show_copies`."""
    restore_requested = Signal(object)
    """(Path of a copy)"""
    take_back_requested = Signal()
    folder_requested = Signal()
    export_requested = Signal()
    import_requested = Signal()
    quit_requested = Signal()

    def __init__(self) -> None:
        """Build everything; no copies yet."""
        self._daily = switch(
            lambda now: now.chats.daily_copies,
            lambda now, value: replace(now, chats=replace(now.chats, daily_copies=value)),
        )
        self._copies: tuple[Copy, ...] = ()
        self._ordered = False
        self._rows: list[QWidget] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(Space.S)
        self._none = PlainLabel(tone="muted", wrap=True)
        self._order = _Order()
        self._restoring = FormPanel([self._none, self._order], self._list)
        self._folder, self._export, self._import = TextButton(), TextButton(), TextButton()
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        for button in (self._export, self._import, self._folder):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._data = FormPanel([], buttons)
        super().__init__((self._daily,))
        self.column.addWidget(self._restoring)
        self.column.addWidget(self._data)
        self._folder.clicked.connect(self.folder_requested)
        self._export.clicked.connect(self.export_requested)
        self._import.clicked.connect(self.import_requested)
        self._order.taken_back.connect(self.take_back_requested)
        self._order.quit_wanted.connect(self.quit_requested)
        self._show()

    def show_copies(self, copies: Sequence[Copy], *, ordered: bool) -> None:
        """Show `copies`, newest first; `ordered` says whether one is restored at the next start."""
        self._copies = tuple(copies)
        self._ordered = ordered
        self._show()

    def search(self, wanted: str) -> bool:
        found = super().search(wanted)
        parts = {
            self._restoring: (self.tr("Go back to a copy"), self.tr("Restore")),
            self._data: (
                self.tr("All chats"),
                *(each.text() for each in (self._export, self._import, self._folder)),
            ),
        }
        words = wanted.casefold().split()
        for panel, told in parts.items():
            said = " ".join((self.title, *told)).casefold()
            shown = all(word in said for word in words)
            panel.setVisible(shown)
            found = found or shown
        return found

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.copies_wanted.emit()

    def say(self) -> None:
        self.title = self.tr("Copies and data")
        self._daily.say(
            self.tr("Copy all chats once a day"),
            self.tr("Seven copies are kept beside the chats, on this computer."),
        )
        self._restoring.set_heading(
            self.tr("Go back to a copy"),
            self.tr("The chats of now are put aside under another name, never overwritten."),
        )
        self._none.setText(self.tr("There is no copy yet. The first one is made within a minute."))
        self._data.set_heading(
            self.tr("All chats"),
            self.tr("As files that other programs read, or from the files that they wrote."),
        )
        self._export.setText(self.tr("Export…"))
        self._import.setText(self.tr("Import…"))
        self._folder.setText(self.tr("Open data folder"))
        self._order.say(
            self.tr("At the next start the chats will be those of the copy."),
            self.tr("Leave it as it is"),
            self.tr("Quit Lapis now"),
        )
        self._show()

    def _show(self) -> None:
        for row in self._rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [] if self._ordered else [self._row(copy) for copy in self._copies]
        for row in self._rows:
            self._list.addWidget(row)
        self._none.setVisible(not self._copies)
        self._order.setVisible(self._ordered)

    def _row(self, copy: Copy) -> QWidget:
        row = QWidget()
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(copy.made))
        chats = (
            self.tr("1 chat")
            if copy.chats == 1
            else self.tr("{count} chats").format(count=f"{copy.chats:,}")
        )
        button = TextButton(self.tr("Restore"))
        button.setAccessibleName(self.tr("Restore the copy of {time}").format(time=when))
        button.clicked.connect(partial(self._on_restore_clicked, copy.path))
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.M)
        line.addWidget(PlainLabel(when))
        line.addWidget(PlainLabel(chats, tone="muted"), 1)
        line.addWidget(button)
        return row

    def _on_restore_clicked(self, path: Path) -> None:
        self.restore_requested.emit(path)


class _Order(QWidget):
    """What will happen at the next start, and the way out of it."""

    taken_back = Signal()
    quit_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._words = PlainLabel(wrap=True)
        self._back = TextButton()
        self._quit = TextButton(kind="primary")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._words, 1)
        row.addWidget(self._back)
        row.addWidget(self._quit)
        self._back.clicked.connect(self.taken_back)
        self._quit.clicked.connect(self.quit_wanted)

    def say(self, words: str, back: str, leave: str) -> None:
        self._words.setText(words)
        self._back.setText(back)
        self._quit.setText(leave)
