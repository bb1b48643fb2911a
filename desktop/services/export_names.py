"""Names of files made from titles of chats: allowed on every system, short, each once.

Pure; any thread.
"""

import re
import unicodedata
from typing import Final

from desktop.domain.text import printable

__all__ = ["FileNames", "safe_name"]

_LONGEST: Final = 80
_MOST_BYTES: Final = 160
_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')
_TAKEN_BY_WINDOWS: Final = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.IGNORECASE
)


def safe_name(title: str, otherwise: str) -> str:
    """Return a name for a file, without its ending; `otherwise` where `title` leaves nothing.

    Never hidden, never one that Windows keeps for itself, at most 80 characters and 160 bytes.
    """
    name = _FORBIDDEN.sub(" ", printable(unicodedata.normalize("NFC", title), " "))
    name = " ".join(name.split())[:_LONGEST]
    name = name.encode(errors="replace")[:_MOST_BYTES].decode(errors="ignore")
    name = name.strip(" .")
    if not name:
        return otherwise
    return f"{name}_" if _TAKEN_BY_WINDOWS.fullmatch(name) else name


class FileNames:
    """Names within one place; where two differ in nothing that counts, they are numbered."""

    def __init__(self) -> None:
        """Know of no names."""
        self._taken: set[str] = set()

    def free(self, name: str, ending: str) -> str:
        """Return `name` with `ending`, numbered if that is taken, and take it."""
        number = 1
        while True:
            whole = f"{name}{ending}" if number == 1 else f"{name} ({number}){ending}"
            if whole.casefold() not in self._taken:
                self._taken.add(whole.casefold())
                return whole
            number += 1
