"""Qt's way to the one catalogue: `self.tr` in widgets and `say` for `Text` values.

Installing another language makes Qt send `LanguageChange` to every widget, which then sets its
words again. GUI thread.
"""

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QObject, QTranslator

from desktop.base.paths import resources
from desktop.base.translation import Translator
from desktop.domain.settings import Language
from desktop.domain.text import BETWEEN, Text

__all__ = ["NEWER_THAN_QT", "Languages", "listed", "say", "told_together"]

NEWER_THAN_QT: Final = (Text("&Look in:"), Text("Files of &type:"))
"""Words of Qt's own dialog for files, in a wording that Qt's translation does not know yet.

They are here so that our catalogue has them, which Qt asks first.
"""
_CONTEXT = "Lapis"


def say(text: Text) -> str:
    """Return `text` in the language of the window."""
    return text.said(_translated)


def listed(words: Iterable[str]) -> str:
    """Return `words` one after another, as the language of the window does it; empty ones left out."""
    return say(BETWEEN).join(word for word in words if word)


def told_together(sentences: Iterable[str]) -> str:
    """Return `sentences` one after another: with a space between them where the language has one."""
    whole = ""
    for sentence in sentences:
        both = Text("{fact} {reason}", {"fact": whole, "reason": sentence})
        whole = say(both) if whole else sentence
    return whole


def _translated(words: str) -> str:
    return QCoreApplication.translate(_CONTEXT, words)


class _Catalogue(QTranslator):
    """Answers Qt from gettext; what it does not know is left to Qt's own translations."""

    def __init__(self, words: Translator, parent: QObject) -> None:
        super().__init__(parent)
        self._words = words

    def isEmpty(self) -> bool:
        return False

    def translate(
        self, _context: str, source: str, _disambiguation: str | None = None, _n: int = -1
    ) -> str | None:
        """Return None, which Qt takes as "ask the next translator", for what is not known."""
        found = self._words.say(source)
        return found if found != source else None


class Languages:
    """Which language the application speaks; `use` may be called again at any time."""

    def __init__(self, app: QCoreApplication) -> None:
        """Speak English until told otherwise."""
        self._app = app
        self._language: Language | None = None
        self._installed: list[QTranslator] = []

    def use(self, language: Language) -> None:
        """Speak `language` from now on: every widget is told."""
        if language is self._language:
            return
        self._language = language
        for translator in self._installed:
            self._app.removeTranslator(translator)
            translator.deleteLater()
        words = Translator(language, resources() / "locale")
        # They belong to the application: Python would delete one whose last user has gone wherever
        # its collector runs, be it while Qt asks it for a word, and Qt would wait for itself.
        catalogue = _Catalogue(words, self._app)
        self._installed = [*_words_of_qt(words.language, self._app), catalogue]
        for translator in self._installed:
            self._app.installTranslator(translator)


def _words_of_qt(language: Language, parent: QObject) -> list[QTranslator]:
    """Return Qt's own translation, for the menus that its text fields bring along."""
    if language is Language.ENGLISH:
        return []
    translator = QTranslator(parent)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    return [translator] if translator.load(f"qtbase_{language.value}", folder) else []
