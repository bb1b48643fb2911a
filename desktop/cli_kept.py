"""The settings that commands of `lapis` read and change, and what is wrong with them. Main thread."""

from collections.abc import Callable

from desktop.base.paths import Paths
from desktop.base.translation import Translator
from desktop.config.store import SettingsStore
from desktop.domain.settings import Settings
from desktop.terminal.output import Screen


class Kept:
    """The settings, read now and changed on the disk; a note on `screen` says that some are lost."""

    def __init__(self, paths: Paths, words: Translator, screen: Screen) -> None:
        self._store = SettingsStore(paths.settings)
        self._settings = self._store.load()
        if self._store.problem is not None:
            screen.note(words.say(self._store.problem.title))

    def settings(self) -> Settings:
        """Return them as they are."""
        return self._settings

    def change(self, made: Callable[[Settings], Settings]) -> None:
        """Put what `made` returns in their place."""
        # What the window changed meanwhile is not taken back.
        self._settings = made(self._store.load())
        self._store.save(self._settings)
