"""What Markdown says, as values: paragraphs of runs, code, tables, rules.

Nothing in them is to be interpreted any more. Standard library only; any thread.
"""

import re
from dataclasses import dataclass
from itertools import accumulate
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
    "fenced",
    "formula_span",
    "plain_parts",
]

MAX_TEX = 2_000
MAX_TEX_NESTING = 20
_PIECE = 5_000
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffc\ufffe\uffff\ud800-\udfff]")
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one look; `link` is a safe address or empty. A newline is a line break.

    With `math` the text is the TeX of a formula. `note` is the number of the footnote that it
    points at, 0 for none.
    """

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    link: str = ""
    math: bool = False
    note: int = 0


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text. `level` 1 to 6 is a heading; `quote` and `depth` count quotes and lists.

    `marker` starts a list item: a number, 0 for a bullet, None for none. `done` tells of a task
    whether it is; None: no task. `display` is a formula by itself, its only span; `small` is the
    text of a footnote, whose number is the marker.
    """

    spans: tuple[Span, ...]
    level: int = 0
    quote: int = 0
    depth: int = 0
    marker: int | None = None
    done: bool | None = None
    display: bool = False
    small: bool = False


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


def formula_span(tex: str) -> Span:
    """Return a formula, or its source as code where it is more than anybody would write."""
    tex = clean(tex).strip()
    deepest = max(accumulate((c == "{") - (c == "}") for c in tex), default=0)
    if len(tex) > MAX_TEX or deepest > MAX_TEX_NESTING or visible(tex) != tex:
        return Span(visible(tex), code=True)
    return Span(tex, math=True)


def plain_parts(text: str) -> list[Part]:
    """Return `text` as it stands, in paragraphs short enough to be laid out."""
    text = clean(text).strip("\n")
    return [Paragraph((Span(text[at : at + _PIECE]),)) for at in range(0, len(text), _PIECE)]


def fenced(code: Code) -> Part:
    """Return what stood between fences: code, or the formula that it is said to be."""
    if code.language != "math" or not code.text.strip():
        return code
    span = formula_span(code.text)
    return Paragraph((span,), depth=code.depth, display=True) if span.math else code


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
