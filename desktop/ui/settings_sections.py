"""The parts of the settings page, and what may be chosen in each. GUI thread."""

from dataclasses import replace
from typing import Any

from PySide6.QtGui import QFontDatabase

from desktop.domain.settings import (
    LARGEST_FONT,
    SMALLEST_FONT,
    Accent,
    Settings,
)
from desktop.ui.look_choices import (
    language_choices,
    theme_choices,
    with_language,
    with_theme,
)
from desktop.ui.settings_entry import accent, choice, number, switch
from desktop.ui.settings_section import SettingsSection

__all__ = ["ChatsSection", "LookSection", "MemorySection"]

_IDLE_MINUTES = (1, 3, 5, 10, 30, 60, 240)
_HOUR = 60
_KEPT_GB = (1.0, 4.0, 16.0)


class LookSection(SettingsSection):
    """Language, colours, type."""

    def __init__(self) -> None:
        """Build the entries."""
        self._language = choice(
            lambda now: now.language, with_language, lambda _now: language_choices()
        )
        self._theme = choice(lambda now: now.theme, with_theme, lambda _now: theme_choices())
        self._accent = accent(
            lambda now: now.look.accent, lambda now, value: _look(now, accent=value), self._accents
        )
        self._family = choice(
            lambda now: now.look.font_family,
            lambda now, value: _look(now, font_family=value),
            self._families,
        )
        self._size = number(
            lambda now: now.look.font_size,
            lambda now, value: _look(now, font_size=value),
            SMALLEST_FONT,
            LARGEST_FONT,
        )
        self._compact = switch(
            lambda now: now.look.compact, lambda now, value: _look(now, compact=value)
        )
        super().__init__(
            (self._language,),
            (self._theme, self._accent),
            (self._family, self._size, self._compact),
        )

    def say(self) -> None:
        self.title = self.tr("Look and language")
        self._language.say(
            self.tr("Language"), self.tr("Changes at once, also for titles and menus.")
        )
        self._theme.say(self.tr("Theme"), self.tr("System follows your desktop, day and night."))
        self._accent.say(
            self.tr("Accent colour"), self.tr("The one colour of links, focus and buttons.")
        )
        self._family.say(self.tr("Font"), self.tr("The font of everything but code."))
        self._size.say(
            self.tr("Text size"),
            self.tr("In pixels. Ctrl and + or − changes the text of a chat alone."),
        )
        self._compact.say(
            self.tr("Compact"), self.tr("Less space between lines and messages, more on a screen.")
        )

    def _accents(self) -> list[tuple[Accent, str]]:
        return [
            (Accent.LAPIS, self.tr("Lapis blue")),
            (Accent.TEAL, self.tr("Teal")),
            (Accent.GREEN, self.tr("Green")),
            (Accent.VIOLET, self.tr("Violet")),
            (Accent.ROSE, self.tr("Rose")),
            (Accent.AMBER, self.tr("Amber")),
            (Accent.GRAPHITE, self.tr("Graphite")),
        ]

    def _families(self, now: str) -> list[tuple[str, str]]:
        usual = ("", self.tr("System font"))
        families = (
            name
            for name in QFontDatabase.families()
            if not QFontDatabase.isPrivateFamily(name) and QFontDatabase.isSmoothlyScalable(name)
        )
        found = [usual, *((name, name) for name in families)]
        return found if now in dict(found) else [*found, (now, now)]


class ChatsSection(SettingsSection):
    """What happens around chats."""

    def __init__(self) -> None:
        """Build the entries."""
        self._titles = switch(
            lambda now: now.chats.model_titles,
            lambda now, value: _chats(now, model_titles=value),
        )
        self._notify = switch(
            lambda now: now.chats.notify, lambda now, value: _chats(now, notify=value)
        )
        self._spelling = switch(
            lambda now: now.chats.spelling, lambda now, value: _chats(now, spelling=value)
        )
        super().__init__((self._titles, self._notify, self._spelling))

    def say(self) -> None:
        self.title = self.tr("Chats")
        self._titles.say(
            self.tr("Let the model name chats"),
            self.tr("After the first answer, in a few words. Your own titles stay."),
        )
        self._notify.say(
            self.tr("Tell when a long answer is done"),
            self.tr("A notification of the desktop, while Lapis is behind other windows."),
        )
        self._spelling.say(
            self.tr("Check spelling while I write"),
            self.tr("Where this computer has dictionaries. Nothing leaves it."),
        )


class MemorySection(SettingsSection):
    """How long models stay in memory, and what is kept on the disk of what they read."""

    help_topic = "fit"

    def __init__(self) -> None:
        """Build the entries."""
        self._idle = choice(
            lambda now: now.engine.idle_minutes,
            lambda now, value: _engine(now, idle_minutes=value),
            self._times,
        )
        self._battery = choice(
            lambda now: now.engine.idle_minutes_on_battery,
            lambda now, value: _engine(now, idle_minutes_on_battery=value),
            self._times,
        )
        self._slots = number(
            lambda now: now.engine.slots, lambda now, value: _engine(now, slots=value), 1, 8
        )
        self._states = choice(
            lambda now: now.engine.kept_states_gb,
            lambda now, value: _engine(now, kept_states_gb=value),
            self._sizes,
        )
        super().__init__((self._idle, self._battery), (self._slots, self._states))

    def say(self) -> None:
        self.title = self.tr("Memory")
        self._idle.say(
            self.tr("Keep the model in memory"),
            self.tr("After so long without a question its memory is given back."),
        )
        self._battery.say(
            self.tr("On battery"), self.tr("The same, while no charger is connected.")
        )
        self._slots.say(
            self.tr("Answers at once"),
            self.tr("Chats, popup and programs can be answered side by side."),
        )
        self._states.say(
            self.tr("Remember what was read"),
            self.tr("On the disk, so that a long chat goes on at once after a restart."),
        )

    def _times(self, now: int) -> list[tuple[int, str]]:
        times = sorted({*_IDLE_MINUTES, now} - {0})
        return [*((minutes, self._time(minutes)) for minutes in times), (0, self._time(0))]

    def _time(self, minutes: int) -> str:
        if minutes == 0:
            return self.tr("Until Lapis ends")
        if minutes % _HOUR == 0:
            hours = minutes // _HOUR
            return self.tr("1 hour") if hours == 1 else self.tr("{n} hours").format(n=hours)
        return self.tr("1 minute") if minutes == 1 else self.tr("{n} minutes").format(n=minutes)

    def _sizes(self, now: float) -> list[tuple[float, str]]:
        sizes = sorted({*_KEPT_GB, now} - {0.0})
        words = [(size, self.tr("up to {size} GB").format(size=f"{size:g}")) for size in sizes]
        return [(0.0, self.tr("Nothing")), *words]


def _look(now: Settings, **changes: Any) -> Settings:
    return replace(now, look=replace(now.look, **changes))


def _chats(now: Settings, **changes: Any) -> Settings:
    return replace(now, chats=replace(now.chats, **changes))


def _engine(now: Settings, **changes: Any) -> Settings:
    return replace(now, engine=replace(now.engine, **changes))
