"""One setting on the settings page: its row, and how it is read from and put into `Settings`.

GUI thread.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeAlias

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.settings import Accent, Settings
from desktop.ui.accent_swatches import AccentSwatches
from desktop.ui.menu_button import MenuButton
from desktop.ui.setting_row import NumberControl, SettingRow
from desktop.ui.switch import Switch
from desktop.ui.tokens import Space
from desktop.ui.words_field import WordsField

__all__ = ["SettingEntry", "accent", "choice", "number", "switch", "words"]

# What a setting holds differs from one to the next; each entry is made with matching functions.
Read: TypeAlias = Callable[[Settings], Any]
Put: TypeAlias = Callable[[Settings, Any], Settings]
Choices: TypeAlias = Callable[[Any], Sequence[tuple[Hashable, str]]]

_TALL = 96
_LONGEST = 16_000
_USUAL = Settings()


class SettingEntry(QObject):
    """Takes the settings in use, tells each change that a person makes as a function on them."""

    changed = Signal(object)
    """(Callable[[Settings], Settings])"""

    def __init__(
        self,
        row: SettingRow,
        read: Read,
        put: Put,
        show: Callable[[Any], None],
        whole: QWidget,
        field: WordsField | None = None,
        offered: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """`whole` is what stands on the page; `show` brings a value into the control.

        `field` is the control where it is not in `row`; `offered` gives the words to choose from.
        """
        super().__init__(whole)
        self.row = row
        self.widget = whole
        self._field = field
        self._offered = offered
        self._read, self._put, self._show = read, put, show
        self._words = ""
        self._value: Any = None
        row.reset_requested.connect(lambda: self.take(read(_USUAL)))

    def say(self, name: str, hint: str, also: str = "", example: str = "") -> None:
        """Name the setting, and explain it in one sentence.

        `also`: other words it is looked for by; `example` stands in a field for text while nothing
        is written there.
        """
        self._words = f"{name} {hint} {also}"
        self.row.say(name, hint, self.tr("{name}: as it was at first").format(name=name))
        if self._field is not None:
            self._field.setAccessibleName(name)
            self._field.setAccessibleDescription(hint)
            self._field.setPlaceholderText(example)
        self.offer_again()

    def offer_again(self) -> None:
        """Show what is set once more: what can be chosen, or its name, may be another by now."""
        if self._value is not None:
            self._show(self._value)

    def show_settings(self, settings: Settings) -> None:
        """Show what is set."""
        self._value = self._read(settings)
        self._show(self._value)
        self.row.set_overridden(overridden=self._value != self._read(_USUAL))

    def take(self, value: object) -> None:
        """Tell that a person wants `value`."""
        if value != self._value:
            put = self._put
            self.changed.emit(lambda settings: put(settings, value))

    def matches(self, wanted: str) -> bool:
        """Tell whether all words of `wanted` stand in its name, its explanation or its choices."""
        said = " ".join((self._words, *self._offered())).casefold()
        return all(word in said for word in wanted.casefold().split())


def choice(read: Read, put: Put, choices: Choices, *, widest: int = 0) -> SettingEntry:
    """Return an entry with a menu, whose button is `widest` pixels wide at most; 0: as it needs.

    `choices` gives values with their words, in today's language, and among them the one it is given:
    the one in use, which may have been set elsewhere.
    """
    control = MenuButton()
    if widest:
        control.setMaximumWidth(widest)
    row = SettingRow(control)
    entry = SettingEntry(
        row,
        read,
        put,
        lambda value: control.set_choices(row.name, choices(value), value),
        row,
        offered=lambda: [words for _value, words in control.choices],
    )
    control.chosen.connect(entry.take)
    return entry


def accent(
    read: Read, put: Put, choices: Callable[[], Sequence[tuple[Accent, str]]]
) -> SettingEntry:
    """Return an entry with a swatch for each colour."""
    control = AccentSwatches()
    row = SettingRow(control)
    entry = SettingEntry(
        row, read, put, lambda value: control.set_choices(row.name, choices(), value), row
    )
    control.chosen.connect(entry.take)
    return entry


def switch(read: Read, put: Put) -> SettingEntry:
    """Return an entry that is on or off."""
    control = Switch()
    row = SettingRow(control)

    def show(value: bool) -> None:
        control.blockSignals(True)
        control.setChecked(value)
        control.blockSignals(False)

    entry = SettingEntry(row, read, put, show, row)
    control.toggled.connect(entry.take)
    return entry


def number(read: Read, put: Put, least: float, most: float) -> SettingEntry:
    """Return an entry for a whole number from `least` to `most`, with a slider."""
    control = NumberControl(least, most, 1, digits=0)
    row = SettingRow(control)
    entry = SettingEntry(row, read, put, control.set_value, row)
    control.changed.connect(lambda value: entry.take(round(value)))
    return entry


def words(read: Read, put: Put) -> SettingEntry:
    """Return an entry for a text of several lines, told when the typing pauses or ends."""
    whole, field, row = QWidget(), WordsField(_TALL, _LONGEST), SettingRow(None)
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(Space.S)
    column.addWidget(row)
    column.addWidget(field)
    # Before the entry hears of it: what was just typed must not come back.
    row.reset_requested.connect(field.forget)

    def show(value: str) -> None:
        if not field.is_being_written:
            field.show_text(value)

    entry = SettingEntry(row, read, put, show, whole, field)
    field.written.connect(entry.take)
    return entry
