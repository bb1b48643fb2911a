"""The one spell-check of all fields: has words looked up in another thread, and tells what is wrong.

A field gets its marks when somebody first writes in it, and the dictionaries are loaded then, not
before. Where there are none, nothing is asked any more. GUI thread.
"""

from pathlib import Path

from PySide6.QtCore import QLocale, QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from desktop.domain.errors import LapisError
from desktop.domain.settings import Language, Settings
from desktop.services.spelling import Spelling
from desktop.services.spelling_words import Word
from desktop.system.spelling import keep_files_in
from desktop.ui.composer_field import ComposerField
from desktop.ui.errands import Errands
from desktop.ui.preferences import Preferences
from desktop.ui.spelling_marks import SpellingMarks

__all__ = ["SpellingDesk"]

_LANE = "spelling"


class SpellingDesk(QObject):
    """Looks words up for `SpellingMarks`, in the languages of the system and the surface."""

    checked = Signal(object, object, object)
    """(who asked, text, its misspelt words)"""
    suggested = Signal(object, object)
    """(word, list of words that may have been meant)"""
    changed = Signal()
    """What was found before may be different now."""
    failed = Signal(object)
    """(LapisError): a word that was taught will be forgotten when Lapis ends."""

    def __init__(
        self,
        app: QApplication,
        preferences: Preferences,
        folder: Path,
        parent: QObject | None = None,
        spelling: Spelling | None = None,
    ) -> None:
        """Wait for somebody to write; words that are taught are kept in `folder`."""
        super().__init__(parent)
        keep_files_in(folder)
        self._spelling = spelling or Spelling(folder)
        self._errands = Errands(self)
        self._is_wanted = preferences.value.chats.spelling
        self._languages = _languages(preferences.value.language)
        self._is_possible = True
        app.focusChanged.connect(self._on_focus_changed)
        preferences.changed.connect(self._on_settings_changed)
        self._on_focus_changed(None, app.focusWidget())

    @property
    def is_on(self) -> bool:
        """Whether there is any use in asking."""
        return self._is_wanted and self._is_possible

    def check(self, who: object, text: str) -> None:
        """Have `text` read; `checked` follows."""
        languages = self._languages

        def show(found: tuple[Word, ...] | None) -> None:
            if found is None and languages == self._languages:
                self._is_possible = False
            self.checked.emit(who, text, found or ())

        self._errands.run(
            _LANE,
            lambda _errand: self._spelling.misspelt(text, languages),
            show,
            lambda _error: self.checked.emit(who, text, ()),
            queued=True,
        )

    def suggest(self, word: str) -> None:
        """Have it thought about what `word` was meant to be; `suggested` follows."""
        languages = self._languages
        self._errands.run(
            _LANE,
            lambda _errand: self._spelling.suggestions(word, languages),
            lambda found: self.suggested.emit(word, found),
            lambda _error: self.suggested.emit(word, []),
            queued=True,
        )

    def add(self, word: str) -> None:
        """Take `word` for right from now on."""

        def complain(error: LapisError) -> None:
            self.changed.emit()
            self.failed.emit(error)

        self._errands.run(
            _LANE,
            lambda _errand: self._spelling.add(word),
            lambda _none: self.changed.emit(),
            complain,
            queued=True,
            owed=True,
        )

    def ignore(self, word: str) -> None:
        """Take `word` for right until Lapis ends."""
        self._errands.run(
            _LANE,
            lambda _errand: self._spelling.ignore(word),
            lambda _none: self.changed.emit(),
            lambda _error: None,
            queued=True,
        )

    def close(self) -> None:
        """Ask nothing more; idempotent."""
        self._is_wanted = False
        self._errands.close()

    def _on_focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        if isinstance(new, ComposerField) and new.layer is None:
            SpellingMarks(new, self)

    def _on_settings_changed(self, settings: Settings) -> None:
        wanted, languages = settings.chats.spelling, _languages(settings.language)
        if (wanted, languages) == (self._is_wanted, self._languages):
            return
        self._is_possible = self._is_possible or languages != self._languages
        self._is_wanted, self._languages = wanted, languages
        self.changed.emit()


def _languages(surface: Language) -> tuple[str, ...]:
    """Return the languages that a person is likely to write, the one of the system first."""
    of_system = QLocale.system().uiLanguages()
    return (*of_system, *([] if surface is Language.SYSTEM else [surface.value]))
