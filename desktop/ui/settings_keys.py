"""Keys that work in any program, on the settings page. GUI thread."""

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.hotkey import KeyAction
from desktop.ui.command_line import CommandLine
from desktop.ui.form_panel import FormPanel
from desktop.ui.key_recipe import KeyRecipe
from desktop.ui.key_row import KeyRow
from desktop.ui.key_view import KeyWay
from desktop.ui.key_words import action_hint, action_name
from desktop.ui.labels import PlainLabel
from desktop.ui.settings_section import SettingsSection
from desktop.ui.tokens import Space

if TYPE_CHECKING:
    from desktop.ui.key_desk import KeyDesk

__all__ = ["KeysSection"]

_MORE: Final = tuple(action for action in KeyAction if action is not KeyAction.ASK)


class KeysSection(SettingsSection):
    """A row for each action; where no program can have keys, how they are bound by hand.

    Made before there are keys: `attach` brings them.
    """

    help_topic = "popup"

    def __init__(self) -> None:
        """Build all rows, with nothing to show yet."""
        self._desk: KeyDesk | None = None
        self._wanted = ""
        self._rows = {action: KeyRow() for action in KeyAction}
        self._recipe = KeyRecipe()
        self._recipe.hide()
        self._first = FormPanel([self._rows[KeyAction.ASK], self._recipe])
        self._more = FormPanel([self._rows[action] for action in _MORE])
        self._commands = {
            action: _Command(action) for action in (KeyAction.NEW_CHAT, KeyAction.SHOW)
        }
        self._by_hand = FormPanel(self._commands.values())
        self._by_hand.hide()
        super().__init__()
        for panel in (self._first, self._more, self._by_hand):
            self.column.addWidget(panel)

    def attach(self, desk: "KeyDesk") -> None:
        """Show the keys of `desk`, and follow them."""
        if self._desk is not None:
            return
        self._desk = desk
        for action, row in self._rows.items():
            desk.serve(row, action)
        self._recipe.write_wanted.connect(
            lambda: desk.by_hand.write(desk.view(KeyAction.ASK).chord)
        )
        self._recipe.remove_wanted.connect(desk.by_hand.remove)
        desk.changed.connect(self._show)
        self._show()
        if self.isVisible():
            desk.refresh()

    def say(self) -> None:
        self.title = self.tr("Keys")
        self._first.set_heading(
            self.tr("In any program"),
            self.tr("These keys work wherever you are, also while the window is away."),
        )
        self._more.set_heading(
            self.tr("More keys"), self.tr("None has a key until you choose one.")
        )
        self._by_hand.set_heading(
            self.tr("More commands"), self.tr("They can be bound to keys in the same way.")
        )

    def search(self, wanted: str) -> bool:
        """Show everything if the title or any row has the words."""
        self._wanted = wanted.casefold()
        said = " ".join([self.title, *(row.words for row in self._rows.values())]).casefold()
        found = all(word in said for word in self._wanted.split())
        self._show()
        return found

    def showEvent(self, event: QShowEvent) -> None:
        """Ask again for what could not be had: nobody tells when it becomes free."""
        super().showEvent(event)
        if self._desk is not None:
            self._desk.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._desk is not None:
            self._desk.end_trial()

    def _show(self) -> None:
        desk = self._desk
        if desk is None:
            return
        is_by_hand = desk.way is KeyWay.BY_HAND
        self._recipe.setVisible(is_by_hand)
        self._more.setVisible(not is_by_hand)
        self._by_hand.setVisible(is_by_hand)
        if is_by_hand:
            hand = desk.by_hand
            chord = desk.view(KeyAction.ASK).chord
            self._recipe.show_recipe(hand.recipe(chord), chord, can_write=hand.can_write)
            self._recipe.show_outcome(hand.result, hand.problem, busy=hand.is_busy)
            for action, command in self._commands.items():
                command.show_words(hand.command(action))


class _Command(QWidget):
    """What another action is called by."""

    def __init__(self, action: KeyAction) -> None:
        super().__init__()
        self._action = action
        self._name = PlainLabel()
        self._hint = PlainLabel(tone="muted", size="small", wrap=True)
        self._line = CommandLine()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._name)
        column.addWidget(self._hint)
        column.addSpacing(Space.XS)
        column.addWidget(self._line)

    def show_words(self, words: str) -> None:
        self._name.setText(action_name(self._action))
        self._hint.setText(action_hint(self._action))
        self._line.show_words(words)
        self._line.say(self.tr("Command for the key"), self.tr("Copy the command"))
