"""Which words are misspelt: the dictionaries of the system, and the words that a person has taught.

Everything here may take long; one thread uses it, and never the window's.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from desktop.base.disk_faults import told_about
from desktop.base.files import size_of, write_atomically
from desktop.services.spelling_words import Word, words_of
from desktop.system.spelling import Dictionaries, open_dictionaries

__all__ = ["Spelling"]

_FILE = "words.txt"
_ASIDE = "words.txt.damaged"
_MOST_BYTES = 1_000_000
_MOST_KNOWN = 20_000
_MOST_SUGGESTIONS = 5
# A line of which a dictionary knows next to nothing is of a language that nobody here can check.
_ENOUGH = 6
_FOREIGN = 0.6

_log = logging.getLogger(__name__)


class Spelling:
    """Opens dictionaries when it is first asked, and again for other languages."""

    def __init__(
        self,
        folder: Path,
        open_dictionaries: Callable[[Sequence[str]], Dictionaries | None] = open_dictionaries,
    ) -> None:
        """Keep the words that are taught in `folder`, which need not be there."""
        self._file = folder / _FILE
        self._open = open_dictionaries
        self._languages: tuple[str, ...] | None = None
        self._dictionaries: Dictionaries | None = None
        self._taught: dict[str, None] | None = None
        self._is_damaged = False
        self._ignored: set[str] = set()
        self._known: dict[str, bool] = {}

    def misspelt(self, text: str, languages: Sequence[str]) -> tuple[Word, ...] | None:
        """Return the misspelt words of `text` in their order; None where nobody can check it."""
        dictionaries = self._opened(tuple(languages))
        if dictionaries is None:
            return None
        out: list[Word] = []
        for line in words_of(text):
            wrong = [word for word in line if not self._is_right(word.text, dictionaries)]
            if len(line) < _ENOUGH or len(wrong) < _FOREIGN * len(line):
                out += wrong
        return tuple(out)

    def suggestions(self, word: str, languages: Sequence[str]) -> list[str]:
        """Return a few words that may have been meant, the likeliest first."""
        dictionaries = self._opened(tuple(languages))
        if dictionaries is None:
            return []
        try:
            found = dictionaries.suggestions(_plain(word))
        except Exception as error:  # noqa: BLE001 - foreign code; there is no suggestion then
            _log.warning("no suggestions: %s", type(error).__name__)
            return []
        return found[:_MOST_SUGGESTIONS]

    def add(self, word: str) -> None:
        """Take `word` for right from now on; raises StorageError, then it is so in this run only."""
        taught = self._words()
        taught[_plain(word)] = None
        with told_about(self._file.parent):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._is_damaged:
                self._file.replace(self._file.with_name(_ASIDE))
                self._is_damaged = False
            write_atomically(self._file, "".join(f"{one}\n" for one in taught).encode())

    def ignore(self, word: str) -> None:
        """Take `word` for right in this run."""
        self._ignored.add(_plain(word))

    def _opened(self, languages: tuple[str, ...]) -> Dictionaries | None:
        if languages != self._languages:
            self._languages = languages
            self._known.clear()
            self._dictionaries = self._open(languages)
        return self._dictionaries

    def _is_right(self, word: str, dictionaries: Dictionaries) -> bool:
        plain = _plain(word)
        # At the beginning of a sentence, and of somebody.
        forms = {plain, plain.lower()}
        forms |= {form.removesuffix("'s") for form in forms}
        if not forms.isdisjoint(self._words()) or not forms.isdisjoint(self._ignored):
            return True
        known = self._known.get(plain)
        if known is None:
            try:
                known = dictionaries.knows(plain)
            except Exception as error:  # noqa: BLE001 - foreign code; no word is wrong for that
                _log.warning("a word could not be checked: %s", type(error).__name__)
                known = True
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[plain] = known
        return known

    def _words(self) -> dict[str, None]:
        if self._taught is None:
            found = _read(self._file)
            self._is_damaged = found is None
            self._taught = dict.fromkeys(found or ())
        return self._taught


def _read(file: Path) -> list[str] | None:
    """Return the words in `file`; None where it holds something else, or cannot be read."""
    try:
        if size_of(file) > _MOST_BYTES:
            return None
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        _log.warning("taught words cannot be read: %s", type(error).__name__)
        return None
    return [line.strip() for line in lines if line.strip()]


def _plain(word: str) -> str:
    return word.replace("’", "'")
