"""Rendering `Text` values in a person's language, from gettext catalogues in `resources/locale`."""

import gettext
from pathlib import Path

from desktop.base.system_language import system_language
from desktop.domain.settings import Language
from desktop.domain.text import Text, Value

DOMAIN = "lapis"


def spoken(chosen: Language) -> Language:
    """Return the language that is meant by `chosen`, which may be that of the system."""
    return system_language() if chosen is Language.SYSTEM else chosen


class Translator:
    """One language's words. `say` is the one way from a message to what a person reads."""

    def __init__(self, language: Language, folder: Path) -> None:
        """Read the catalogue of `language` under `folder`; a missing one means English."""
        self.language = spoken(language)
        self._catalogue = gettext.translation(
            DOMAIN, folder, languages=[self.language.value], fallback=True
        )

    def say(self, text: Text | str, **values: Value) -> str:
        """Return `text` in this language, its `{name}` holes filled from `values`."""
        if isinstance(text, str):
            text = Text(text, values)
        return text.said(self._catalogue.gettext)
