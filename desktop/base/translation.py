"""Rendering `Text` values in a person's language, from gettext catalogues in `resources/locale`."""

import gettext
import locale
import os
import sys
from pathlib import Path

from desktop.domain.settings import Language
from desktop.domain.text import Text, Value

DOMAIN = "lapis"


def system_language() -> Language:
    """Return Chinese when the computer speaks Chinese, else English."""
    if sys.platform in {"win32", "darwin"}:
        name = locale.getlocale()[0] or ""
    else:
        name = next(
            (os.environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(key)),
            "",
        )
    return Language.CHINESE if name.lower().startswith(("zh", "chinese")) else Language.ENGLISH


class Translator:
    """One language's words. `say` is the one way from a message to what a person reads."""

    def __init__(self, language: Language, folder: Path) -> None:
        """Read the catalogue of `language` under `folder`; a missing one means English."""
        self.language = system_language() if language is Language.SYSTEM else language
        self._catalogue = gettext.translation(
            DOMAIN, folder, languages=[self.language.value], fallback=True
        )

    def say(self, text: Text | str, **values: Value) -> str:
        """Return `text` in this language, its `{name}` holes filled from `values`."""
        if isinstance(text, str):
            text = Text(text, values)
        return text.filled(self._catalogue.gettext(text.message))
