"""Markdown as values: what an answer says, ready to be set as text, with nothing to interpret.

Raw HTML stays text, images become their address in words, links are the safe ones only. No HTML is
made at any point, so there is nothing that Qt could load or run. Standard library and
markdown-it; any thread.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token

from desktop.ui.links import safe_link, visible

__all__ = [
    "Code",
    "Paragraph",
    "Part",
    "Rule",
    "Span",
    "Table",
    "blocks_of",
    "code_text",
    "parse",
    "plain_parts",
]

MAX_NESTING = 20
MAX_CELLS = 2_000
MAX_LINE = 100_000
MAX_BRACKETS = 50
_PIECE = 5_000
_LEVELS_PARSED = 100
_SHOWN_ADDRESS = 200
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffc\ufffe\uffff\ud800-\udfff]")
_BRACKET = re.compile(r"[\[\]]|\n[ \t]*\n")
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
References: TypeAlias = dict[str, dict[str, Any]]
Look: TypeAlias = tuple[bool, bool, bool, bool, str]


@dataclass(slots=True)
class Block:
    """One top-level block and the lines it came from (`end` exclusive).

    `items` has the start line and number of each item of a list.
    """

    start: int
    end: int
    tokens: list[Token]
    items: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    @property
    def kind(self) -> str:
        """The type of its first token, such as `paragraph_open` or `fence`."""
        return self.tokens[0].type


def parse(source: str) -> list[Part]:
    """Return the whole of `source` as parts; what shows nothing otherwise is shown as it is."""
    lines = source.split("\n")
    parts = [part for block in blocks_of(source, {}) for part in block_parts(block, lines)]
    return parts or plain_parts(source)


def blocks_of(source: str, references: References) -> list[Block]:
    """Return the top-level blocks of `source`; `references` gains its link definitions."""
    if _too_costly(source):
        token = Token("plain", "", 0, content=source)
        return [Block(0, source.count("\n") + 1, [token])]
    tokens = _parser().parse(source, {"references": references})
    blocks: list[Block] = []
    for token in tokens:
        if token.level == 0 and token.nesting >= 0 and token.map is not None:
            blocks.append(Block(token.map[0], token.map[1], []))
        blocks[-1].tokens.append(token)
        if token.type == "list_item_open" and token.level == 1 and token.map is not None:
            number = _first_number(blocks[-1].tokens[0]) + len(blocks[-1].items)
            blocks[-1].items.append((token.map[0], number))
    return blocks


def block_parts(
    block: Block,
    lines: Sequence[str],
    *,
    number: int | None = None,
    since: int = 0,
    before: int | None = None,
) -> list[Part]:
    """Return the parts of one block of the source `lines`.

    `number` continues a numbered list cut off above; of a list, only items that start at line
    `since` or later, and above line `before`, are returned. What nests deeper than `MAX_NESTING`,
    or has more cells than `MAX_CELLS`, is shown as its plain source.
    """
    tokens = block.tokens
    cells = sum(token.type in {"td_open", "th_open"} for token in tokens)
    depth = max(_nesting(tokens), default=0)
    if block.kind == "plain" or cells > MAX_CELLS or depth > MAX_NESTING:
        start, end = max(block.start, since), min(block.end, before or block.end)
        return plain_parts("\n".join(lines[start:end]))
    if block.items:
        tokens = _items_between(block, since, before)
    return list(_Walk(number).parts(tokens))


def plain_parts(text: str) -> list[Part]:
    """Return `text` as it stands, in paragraphs short enough to be laid out."""
    text = _clean(text).strip("\n")
    return [
        Paragraph((Span(text[at : at + _PIECE]),)) for at in range(0, len(text), _PIECE)
    ]


def code_text(raw: str) -> str:
    """Return code as it is shown: direction controls and other invisible characters spelt out."""
    return visible(_clean(raw.replace("\r\n", "\n").replace("\r", "\n")))


def code_language(info: str) -> str:
    """Return the language from what follows the fence."""
    found = _LANGUAGE.match(info.strip())
    return found.group() if found else ""


@cache
def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "typographer": False, "maxNesting": _LEVELS_PARSED}
    return _Parser("commonmark", options).enable(["table", "strikethrough"])


class _Parser(MarkdownIt):
    """Knows every link as one, so that this module alone decides which may be followed."""

    def validateLink(self, _url: str) -> bool:  # noqa: N802 - named by the library
        return True


def _too_costly(source: str) -> bool:
    """Tell what would take the parser long: endless lines, and brackets that stay open."""
    if len(source) > MAX_LINE and any(len(line) > MAX_LINE for line in source.split("\n")):
        return True
    if source.count("[") <= MAX_BRACKETS:
        return False
    depth = 0
    for found in _BRACKET.finditer(source):
        match found.group():
            case "[":
                depth += 1
            case "]":
                depth = max(0, depth - 1)
            case _:
                depth = 0
        if depth > MAX_BRACKETS:
            return True
    return False


def _clean(text: str) -> str:
    return _UNWANTED.sub("\ufffd", text).replace("\u2028", "\n").replace("\u2029", "\n")


def _first_number(token: Token) -> int:
    return int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else 0


def _nesting(tokens: Sequence[Token]) -> Iterator[int]:
    """Yield how many quotes and lists, or styles, are open at each token."""
    depth = 0
    for token in tokens:
        if token.type in {"blockquote_open", "bullet_list_open", "ordered_list_open"}:
            depth += 1
        elif token.type in {"blockquote_close", "bullet_list_close", "ordered_list_close"}:
            depth -= 1
        yield depth
        if token.children:
            yield max(child.level for child in token.children)


def _items_between(block: Block, since: int, before: int | None) -> list[Token]:
    """Return the tokens of a list with only the items that start in the given lines."""
    first, *rest = block.tokens
    kept, keep = [first], True
    for token in rest:
        if token.level == 1 and token.type == "list_item_open" and token.map is not None:
            keep = since <= token.map[0] and (before is None or token.map[0] < before)
        if keep or token.level == 0:
            kept.append(token)
    return kept


class _Walk:
    """Turns markdown-it's flat tokens into parts, keeping count of what is open."""

    def __init__(self, number: int | None) -> None:
        self._number = number
        self._quote = 0
        self._lists: list[int | None] = []
        self._marker: int | None = None

    def parts(self, tokens: Sequence[Token]) -> Iterator[Part]:
        """Yield the parts of one top-level block."""
        level = 0
        rest = iter(tokens)
        for token in rest:
            match token.type:
                case "blockquote_open":
                    self._quote += 1
                case "blockquote_close":
                    self._quote -= 1
                case "bullet_list_open" | "ordered_list_open":
                    yield from self._bare_marker()
                    self._open_list(token)
                case "bullet_list_close" | "ordered_list_close":
                    self._lists.pop()
                case "list_item_open":
                    self._marker = self._next_marker()
                case "list_item_close":
                    yield from self._bare_marker()
                case "heading_open":
                    level = int(token.tag[1:])
                case "heading_close":
                    level = 0
                case "inline":
                    yield self._paragraph(_spans(token.children or []), level)
                case "fence" | "code_block":
                    yield from self._bare_marker()
                    text = code_text(token.content.removesuffix("\n"))
                    yield Code(text, code_language(token.info), self._depth)
                case "hr":
                    yield from self._bare_marker()
                    yield Rule()
                case "table_open":
                    yield from self._bare_marker()
                    yield _table(rest, self._depth)
                case _:
                    pass

    @property
    def _depth(self) -> int:
        return len(self._lists) + self._quote

    def _open_list(self, token: Token) -> None:
        if token.type == "bullet_list_open":
            self._lists.append(None)
        elif self._number is not None and not self._lists:
            self._lists.append(self._number)
        else:
            self._lists.append(_first_number(token))

    def _next_marker(self) -> int:
        number = self._lists[-1]
        if number is None:
            return 0
        self._lists[-1] = number + 1
        return number

    def _paragraph(self, spans: tuple[Span, ...], level: int = 0) -> Paragraph:
        marker, self._marker = self._marker, None
        return Paragraph(spans, level, self._quote, len(self._lists), marker)

    def _bare_marker(self) -> Iterator[Part]:
        """Yield the item that has no text of its own, so that its number is seen."""
        if self._marker is not None:
            yield self._paragraph(())


def _table(tokens: Iterator[Token], depth: int) -> Table:
    """Return the table whose opening token was the last one taken from `tokens`."""
    aligns: list[str] = []
    rows: list[list[tuple[Span, ...]]] = []
    for token in tokens:
        match token.type:
            case "table_close":
                break
            case "tr_open":
                rows.append([])
            case "th_open":
                style = str(token.attrs.get("style", ""))
                aligns.append(style.removeprefix("text-align:") or "left")
            case "inline":
                rows[-1].append(_spans(token.children or []))
            case _:
                pass
    return Table(tuple(aligns), tuple(tuple(row) for row in rows), depth)


def _spans(tokens: Sequence[Token]) -> tuple[Span, ...]:
    """Return the runs of an inline token, neighbours of one look joined."""
    return tuple(
        Span("".join(text for _, text in run), *look)
        for look, run in groupby(_runs(tokens), key=itemgetter(0))
    )


def _runs(tokens: Sequence[Token]) -> Iterator[tuple[Look, str]]:
    bold = italic = struck = False
    link = ""
    for token in tokens:
        code = False
        match token.type:
            case "strong_open" | "strong_close":
                bold = token.nesting > 0
                continue
            case "em_open" | "em_close":
                italic = token.nesting > 0
                continue
            case "s_open" | "s_close":
                struck = token.nesting > 0
                continue
            case "link_open":
                link = safe_link(str(token.attrs.get("href", "")))
                continue
            case "link_close":
                link = ""
                continue
            case "code_inline":
                text, code = code_text(token.content), True
            case "softbreak" | "hardbreak":
                text = "\n"
            case "image":
                text = f"[image: {_address(token)}]"
            case _:
                text = _clean(token.content)
        if text:
            yield (bold, italic, struck, code, link), text


def _address(image: Token) -> str:
    source = visible(str(image.attrs.get("src", "")))
    return source if len(source) <= _SHOWN_ADDRESS else source[: _SHOWN_ADDRESS - 1] + "…"
