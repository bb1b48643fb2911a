"""The spell-checker of the system: the one place that knows libenchant, through PyEnchant.

Where there is none (no library, no dictionary, whatever else fails), nobody hears of it: there is no
spell-check then. It loads for up to half a second and may think about a suggestion for seconds, so
it is for a thread of its own, always the same one: libenchant does not lock.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import enchant

__all__ = ["Dictionaries", "keep_files_in", "open_dictionaries"]

_MOST_LANGUAGES = 4
_ENGLISH = ("en_US", "en_GB", "en")
_SETTING = "ENCHANT_CONFIG_DIR"

_log = logging.getLogger(__name__)


class Dictionaries(Protocol):
    """What knows words."""

    def knows(self, word: str) -> bool:
        """Tell whether `word` is spelt right in any of the languages."""
        ...

    def suggestions(self, word: str) -> list[str]:
        """Return words that may have been meant, the likeliest first."""
        ...


class _Enchant:
    def __init__(self, dictionaries: Sequence["enchant.Dict"]) -> None:
        self._dictionaries = dictionaries

    def knows(self, word: str) -> bool:
        return any(each.check(word) for each in self._dictionaries)

    def suggestions(self, word: str) -> list[str]:
        """Return what each language has to say in turn, so that none is drowned out."""
        out: dict[str, None] = {}
        found = [each.suggest(word) for each in self._dictionaries]
        for place in range(max((len(each) for each in found), default=0)):
            out.update((each[place], None) for each in found if place < len(each))
        return list(out)


def keep_files_in(folder: Path) -> None:
    """Let libenchant keep what it writes in `folder`, and not among the files of other programs.

    Before the first `open_dictionaries`. Dictionaries in `folder`/hunspell are found there, too.
    """
    os.environ[_SETTING] = str(folder)


def open_dictionaries(languages: Sequence[str]) -> Dictionaries | None:
    """Return the system's dictionaries for `languages` (such as "de-AT") and English, or None."""
    try:
        # A library that is not there or does not fit; it is looked for by starting programs, too.
        from enchant import Broker

        broker = Broker()
        names = chosen(languages, broker.list_languages())
        found = [broker.request_dict(name) for name in names]
    except Exception as error:  # noqa: BLE001 - foreign code of any age; without it there is no check
        _log.info("no spell-check: %s", type(error).__name__)
        return None
    _log.info("spell-check: %s", ", ".join(names) or "no dictionary")
    return _Enchant(found) if found else None


def chosen(languages: Sequence[str], available: Sequence[str]) -> list[str]:
    """Return the dictionaries to open among the `available` ones: one for each language."""
    by_name = {_plain(name): name for name in available}
    out: dict[str, str] = {}
    for wanted in map(_plain, [*languages, *_ENGLISH]):
        language = wanted.partition("_")[0]
        if language in out or len(out) == _MOST_LANGUAGES:
            continue
        usual = map(_plain, _ENGLISH) if language == "en" else ()
        related = sorted(name for name in by_name if name.startswith(f"{language}_"))
        for name in (wanted, *usual, language, *related):
            if name in by_name:
                out[language] = by_name[name]
                break
    return list(out.values())


def _plain(name: str) -> str:
    return name.replace("-", "_").partition(".")[0].casefold()
