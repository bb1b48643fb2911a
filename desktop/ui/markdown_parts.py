"""What Markdown says, as values: paragraphs of runs, code, tables, rules.

Nothing in them is to be interpreted any more. Standard library only; any thread.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from desktop.ui.links import visible

__all__ = [
    "Code",
    "Paragraph",
    "Part",
    "Rule",
    "Span",
    "Table",
    "clean",
    "code_language",
    "code_text",
    "plain_parts",
]

_PIECE = 5_000
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffc\ufffe\uffff\ud800-\udfff]")
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one look; `link` is a safe address or empty. A newline is a line break."""

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text. `level` 1 to 6 is a heading; `quote` and `depth` count quotes and lists.

    `marker` starts a list item: a number, 0 for a bullet, None for none.
    """

    spans: tuple[Span, ...]
    level: int = 0
    quote: int = 0
    depth: int = 0
    marker: int | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """A code block exactly as shown and copied; `language` as the model named it, or empty."""

    text: str
    language: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` of cells, the first one the header; `aligns` has left, center or right by column."""

    aligns: tuple[str, ...]
    rows: tuple[tuple[tuple[Span, ...], ...], ...]
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A thematic break."""


Part: TypeAlias = Paragraph | Code | Table | Rule


def plain_parts(text: str) -> list[Part]:
    """Return `text` as it stands, in paragraphs short enough to be laid out."""
    text = clean(text).strip("\n")
    return [Paragraph((Span(text[at : at + _PIECE]),)) for at in range(0, len(text), _PIECE)]


def code_text(raw: str) -> str:
    """Return code as it is shown: direction controls and other invisible characters spelt out."""
    return visible(clean(raw.replace("\r\n", "\n").replace("\r", "\n")))


def code_language(info: str) -> str:
    """Return the language from what follows the fence."""
    found = _LANGUAGE.match(info.strip())
    return found.group() if found else ""


def clean(text: str) -> str:
    """Return `text` without characters that a text document takes for its own marks."""
    return _UNWANTED.sub("\ufffd", text).replace("\u2028", "\n").replace("\u2029", "\n")
