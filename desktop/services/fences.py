"""Blocks of code in Markdown: fences that nothing between them can close. Pure; any thread."""

import re
from typing import Final

_FENCES: Final = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)
# Read as prose; the ending says nothing of how their text is written.
_DOCUMENTS: Final = frozenset({"docx", "odt", "pdf"})
_ENDING: Final = re.compile(r"\.([A-Za-z0-9_+#-]{1,12})\Z")


def fenced(text: str, language: str = "") -> str:
    """Return `text` as a block of code in `language`."""
    longest = max((len(fence) for fence in _FENCES.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"


def is_document(name: str) -> bool:
    """Tell whether the file `name` is written for people, and read as prose."""
    ending = _ENDING.search(name)
    return ending is not None and ending[1].lower() in _DOCUMENTS


def language_of(name: str) -> str:
    """Return what a fence calls the language of the file `name`: its ending, empty for none."""
    ending = _ENDING.search(name)
    return ending[1].lower() if ending and not is_document(name) else ""
