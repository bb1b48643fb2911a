"""Servers that answer besides this computer's engine, on the settings page. GUI thread."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QMenu, QScrollArea, QVBoxLayout, QWidget

from desktop.domain.connection import MOST_CONNECTIONS
from desktop.domain.errors import LapisError
from desktop.domain.settings import Settings
from desktop.ui.buttons import TextButton
from desktop.ui.form_panel import FormPanel
from desktop.ui.icons import IconName, icon
from desktop.ui.labels import PlainLabel
from desktop.ui.row_note import RowNote
from desktop.ui.server_editor import ServerEditor
from desktop.ui.server_presets import CLOUD, NEAR, OTHER, ServerPreset
from desktop.ui.server_row import ServerRow
from desktop.ui.server_view import ServerView
from desktop.ui.server_words import preset_title
from desktop.ui.settings_entry import switch
from desktop.ui.settings_section import SettingsSection
from desktop.ui.toast import Toast
from desktop.ui.tokens import Space

__all__ = ["ConnectionsSection"]


class ConnectionsSection(SettingsSection):
    """The offline switch, the Ollama of this computer, and servers that were entered.

    `editor` stands in the place of the list's foot while a server is entered or changed; `toast`
    offers to undo.
    """

    help_topic = "servers"
    looked_at = Signal()
    """It is about to be seen: answer with `show_servers`, and ask the servers."""
    ask_requested = Signal(str)
    edit_requested = Signal(str)
    """(name of the connection): answer with `open_editor`."""
    remove_requested = Signal(str)

    def __init__(self) -> None:
        """Start without servers."""
        self._offline = switch(
            lambda now: now.connections.offline,
            lambda now, value: _connections(now, offline=value),
        )
        self._finds = switch(
            lambda now: now.connections.finds_ollama,
            lambda now, value: _connections(now, finds_ollama=value),
        )
        self._wanted = ""
        self._rows: dict[str, ServerRow] = {}
        self._found, self._list = _Rows(), _Rows()
        self._none = PlainLabel(tone="muted", wrap=True)
        self._problem = RowNote()
        self._add = TextButton()
        self._menu = QMenu(self._add)
        self.editor = ServerEditor()
        self.editor.hide()
        self.toast = Toast()
        self._here = FormPanel([self._finds.widget, self._found])
        self._there = FormPanel([self._none, self._list, self._problem, self._add])
        super().__init__((self._offline,))
        self._finds.changed.connect(self.changed)
        for widget in (self._here, self._there, self.editor, self.toast):
            self.column.addWidget(widget)
        self._add.setSizePolicy(
            self._add.sizePolicy().Policy.Maximum, self._add.sizePolicy().Policy.Fixed
        )
        self._add.setIcon(icon("plus"))
        self._add.clicked.connect(self._open_menu)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.editor.cancelled.connect(self.close_editor)
        self.editor.preset_chosen.connect(self.begin)
        self.editor.told.connect(self._bring_into_sight_later)
        self._show()

    def show_settings(self, settings: Settings) -> None:
        super().show_settings(settings)
        self._finds.show_settings(settings)
        self._found.setVisible(settings.connections.finds_ollama)

    def show_servers(self, views: Sequence[ServerView]) -> None:
        """List the servers, each as it is now."""
        names = [view.connection.name for view in views]
        for name in [each for each in self._rows if each not in names]:
            row = self._rows.pop(name)
            for rows in (self._found, self._list):
                rows.drop(row)
        for view in views:
            name = view.connection.name
            if name not in self._rows:
                self._rows[name] = self._make(view)
            self._rows[name].show_view(view)
        entered = [view.connection.name for view in views if not view.connection.is_found]
        self._list.order([self._rows[name] for name in entered])
        self._show()

    def row(self, name: str) -> ServerRow | None:
        """Return the row of a server."""
        return self._rows.get(name)

    def names(self) -> set[str]:
        """Return the names that are taken, in small letters."""
        return {name.casefold() for name in self._rows}

    def show_problem(self, error: LapisError) -> None:
        """Say why something could not be done with a server."""
        self._problem.show_error(error)

    def begin(self, preset: ServerPreset) -> None:
        """Let a new server be entered."""
        taken, name = self.names(), preset.name
        number = 2
        while name.casefold() in taken:
            name = f"{preset.name}-{number}"
            number += 1
        self._open()
        self.editor.begin(preset, name)

    def open_editor(self, view: ServerView) -> None:
        """Let a server be changed."""
        self._open()
        self.editor.edit(view.connection)

    def close_editor(self) -> None:
        """Show the list again."""
        before = self.editor.before
        had_focus = self.editor.isAncestorOf(QApplication.focusWidget() or self)
        self.editor.hide()
        self._show()
        row = self._rows.get(before.name) if before is not None else None
        if had_focus and row is not None:
            row.take_focus()
        elif had_focus:
            self._add.setFocus(Qt.FocusReason.OtherFocusReason)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.looked_at.emit()

    def search(self, wanted: str) -> bool:
        self._wanted = wanted.casefold()
        found = super().search(wanted)
        return self._show() or found

    def say(self) -> None:
        self.title = self.tr("Connections")
        self._offline.say(
            self.tr("Stay offline"),
            self.tr(
                "Nothing is sent to another computer: no search for models, no downloads, no"
                " servers elsewhere. What runs on this computer still answers."
            ),
        )
        self._finds.say(
            self.tr("Look for Ollama on this computer"),
            self.tr("Its models then stand beside your own. Nothing has to be entered."),
        )
        self._there.set_heading(
            self.tr("Servers"),
            self.tr(
                "Models that answer on a bigger machine, in a company or in a cloud, in the same"
                " window. What you ask them is read there."
            ),
        )
        self._none.setText(self.tr("No server has been added yet."))
        self._add.setText(self.tr("Add a server"))

    def _make(self, view: ServerView) -> ServerRow:
        row = ServerRow(view)
        row.ask_requested.connect(self.ask_requested)
        row.edit_requested.connect(self.edit_requested)
        row.remove_requested.connect(self.remove_requested)
        (self._found if view.connection.is_found else self._list).add(row)
        return row

    def _open(self) -> None:
        self.toast.withdraw()
        self._problem.clear()
        self.editor.show()
        self._show()
        self._bring_into_sight_later()

    def _bring_into_sight_later(self) -> None:
        # Its place is known after the next layout.
        QTimer.singleShot(0, self, self._bring_into_sight)

    def _bring_into_sight(self) -> None:
        """Let the whole form be seen, with the buttons at its end."""
        around = self.parentWidget()
        while around is not None and not isinstance(around, QScrollArea):
            around = around.parentWidget()
        if isinstance(around, QScrollArea) and self.editor.isVisible():
            around.ensureWidgetVisible(self.editor, 0, Space.L)

    def _show(self) -> bool:
        """Show what has the words that are searched for; return whether there is some."""
        is_editing = not self.editor.isHidden()
        words = self._wanted.split()
        here = f"{self.title} {self._finds.row.name} {self._finds.row.hint} ollama"
        there = " ".join([self.title, self._add.text(), *self._list.words()])
        shows_here = all(word in here.casefold() for word in words)
        shows_there = all(word in there.casefold() for word in words)
        self._here.setVisible(shows_here)
        self._there.setVisible(shows_there)
        self._add.setVisible(not is_editing)
        self._add.setEnabled(len(self._rows) < MOST_CONNECTIONS)
        self._none.setVisible(self._list.is_empty)
        self._list.setVisible(not self._list.is_empty)
        return shows_here or shows_there

    def _open_menu(self) -> None:
        self._menu.popup(self._add.mapToGlobal(self._add.rect().bottomLeft()))

    def _fill_menu(self) -> None:
        menu = self._menu
        menu.clear()
        for number, presets in enumerate((NEAR, CLOUD)):
            heads = (self.tr("Programs of yours"), self.tr("In a cloud"))
            head = menu.addAction(heads[number])
            head.setEnabled(False)
            for preset in presets:
                name: IconName = "leaves" if presets is CLOUD else "server"
                action = menu.addAction(icon(name), preset_title(preset))
                action.triggered.connect(lambda _checked, preset=preset: self.begin(preset))
            menu.addSeparator()
        other = menu.addAction(icon("plus"), preset_title(OTHER))
        other.triggered.connect(lambda: self.begin(OTHER))


class _Rows(QWidget):
    """Rows under each other."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(Space.L)

    @property
    def is_empty(self) -> bool:
        return self._column.count() == 0

    def words(self) -> list[str]:
        return [row.words for row in self.findChildren(ServerRow) if not row.isHidden()]

    def add(self, row: ServerRow) -> None:
        self._column.addWidget(row)

    def drop(self, row: ServerRow) -> None:
        if self._column.indexOf(row) >= 0:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()

    def order(self, rows: Sequence[ServerRow]) -> None:
        for number, row in enumerate(rows):
            if self._column.indexOf(row) != number:
                self._column.insertWidget(number, row)


def _connections(now: Settings, **changes: Any) -> Settings:
    return replace(now, connections=replace(now.connections, **changes))
