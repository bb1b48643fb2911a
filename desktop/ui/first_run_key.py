"""The third of the first steps: the key for quick questions, which is there already, pressed once.

Values in, signals out. GUI thread.
"""

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.hotkey import KeyAction
from desktop.domain.settings import Settings
from desktop.ui.buttons import TextButton
from desktop.ui.first_run import Step
from desktop.ui.form_panel import FormPanel
from desktop.ui.key_recipe import KeyRecipe
from desktop.ui.key_row import KeyRow
from desktop.ui.key_view import KeyWay
from desktop.ui.labels import PlainLabel
from desktop.ui.tick_box import TickBox
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

if TYPE_CHECKING:
    from desktop.ui.key_desk import KeyDesk
    from desktop.ui.update_desk import UpdateView

__all__ = ["FirstRunKey"]

_ICON: Final = 18


class FirstRunKey(Step):
    """Shows the same row as the settings, and says it when the key is seen to work.

    Made before there are keys: `attach` brings them.
    """

    popup_wanted = Signal()
    """The quick question is to be shown without the key."""
    updates_wanted = Signal(bool)
    """(whether the person wants to be told of new versions)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Offer to show the quick question without its key."""
        super().__init__(parent)
        self._desk: KeyDesk | None = None
        self._worked_keys: str | None = None
        self._row = KeyRow()
        self._recipe = KeyRecipe()
        self._recipe.hide()
        self._sign = TintedIcon("keyboard", _ICON)
        self._state = PlainLabel(wrap=True)
        self._try = TextButton()
        self._updates = TickBox()
        self._updates_hint = PlainLabel(tone="muted", size="small", wrap=True)
        self._update_host = ""
        self._lay_out()
        self._updates.clicked.connect(self.updates_wanted)
        self._try.clicked.connect(self.popup_wanted)
        self._say()

    @property
    def is_pressed(self) -> bool:
        """Whether the key that is in force was seen to work while this was on show."""
        return self._worked_keys is not None

    def attach(self, desk: "KeyDesk") -> None:
        """Show the key of `desk`, and follow it."""
        self._desk = desk
        desk.serve(self._row, KeyAction.ASK)
        self._recipe.write_wanted.connect(self._on_write_wanted)
        self._recipe.remove_wanted.connect(desk.by_hand.remove)
        desk.changed.connect(self._show_key)
        desk.worked.connect(self._on_worked)
        self._show_key()

    def show_updates(self, view: "UpdateView") -> None:
        """Ask whether the person wants to be told of new versions, where this Lapis can find out."""
        self._update_host = view.host if view.hindrance is None else ""
        self._say_updates()

    def show_settings(self, settings: Settings) -> None:
        """Tick what is so already: these steps can be gone through again."""
        self._updates.setChecked(settings.updates.check)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._desk is not None:
            self._desk.end_trial()

    def _lay_out(self) -> None:
        state = QHBoxLayout()
        state.setSpacing(Space.S)
        state.addWidget(self._sign)
        state.addWidget(self._state, 1)
        state.addWidget(self._try)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.L)
        column.addWidget(FormPanel([self._row, self._recipe]))
        column.addLayout(state)
        question = QVBoxLayout()
        question.setSpacing(2)
        question.addWidget(self._updates)
        question.addWidget(self._updates_hint)
        self._updates_hint.setIndent(TickBox.INDENT)
        column.addSpacing(Space.S)
        column.addLayout(question)

    def _on_write_wanted(self) -> None:
        if self._desk is not None:
            self._desk.by_hand.write(self._desk.view(KeyAction.ASK).chord)

    def _on_worked(self, action: KeyAction) -> None:
        if self._desk is not None and action is KeyAction.ASK and self.isVisible():
            self._worked_keys = self._desk.view(KeyAction.ASK).keys
            self._say_state()

    def _show_key(self) -> None:
        desk = self._desk
        if desk is None:
            return
        if self._worked_keys != desk.view(KeyAction.ASK).keys:
            self._worked_keys = None  # another key: what the one before did proves nothing
        is_by_hand = desk.way is KeyWay.BY_HAND
        self._recipe.setVisible(is_by_hand)
        if is_by_hand:
            hand, view = desk.by_hand, desk.view(KeyAction.ASK)
            self._recipe.show_recipe(hand.recipe(view.chord), view.chord, can_write=hand.can_write)
            self._recipe.show_outcome(hand.result, hand.problem, busy=hand.is_busy)
        self._say_state()

    def _say(self) -> None:
        self.title = self.tr("Your key")
        self.lead = self.tr("One key, in any program: ask, read the answer, go on with your work.")
        self._try.setText(self.tr("Show it once"))
        self._try.setAccessibleName(self.tr("Show the quick question once, without the key"))
        self._say_state()
        self._say_updates()
        self.words_changed.emit()

    def _say_updates(self) -> None:
        self._updates.setText(self.tr("Tell me about new versions of Lapis"))
        hint = self.tr(
            "Once a week one small file is fetched from {host}, without a word about you. "
            "Nothing is installed."
        ).format(host=self._update_host)
        self._updates_hint.setText(hint)
        self._updates.setAccessibleDescription(hint)
        for widget in (self._updates, self._updates_hint):
            widget.setVisible(bool(self._update_host))

    def _say_state(self) -> None:
        desk = self._desk
        may_work = desk is not None and desk.view(KeyAction.ASK).may_work
        if self.is_pressed:
            self._sign.set_icon("check-circle", "good")
            self._state.setText(self.tr("It works: the key calls the quick question."))
            self._state.set_tone("good")
        elif may_work:
            self._sign.set_icon("keyboard", "accent")
            self._state.setText(self.tr("Press the key once: the quick question comes up."))
            self._state.set_tone("normal")
        else:
            self._sign.set_icon("info", "muted")
            self._state.setText(self.tr("This is what the key will show:"))
            self._state.set_tone("muted")
        self._state.setAccessibleName(self._state.text())
