"""Markdown to parts: what an answer says, ready to be set as text, with nothing to interpret.

Raw HTML stays text, images become their address in words, links are the safe ones only. No HTML is
made at any point, so there is nothing that Qt could load or run. Standard library and
markdown-it; any thread.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token

from desktop.ui.markdown_parts import Part, plain_parts
from desktop.ui.markdown_rules import GROWING, teach
from desktop.ui.markdown_spans import Notes
from desktop.ui.markdown_walk import Walk, first_number

__all__ = ["Block", "Notes", "References", "block_parts", "blocks_of", "parse", "too_costly"]

MAX_NESTING = 20
MAX_CELLS = 2_000
MAX_LINE = 100_000
MAX_BRACKETS = 50
_LEVELS_PARSED = 100
_NESTS = ("blockquote_", "bullet_list_", "ordered_list_", "footnote_reference_")
_BRACKET = re.compile(r"[\[\]]|\n[ \t]*\n")


References: TypeAlias = dict[str, dict[str, Any]]


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
    notes = Notes()
    blocks = blocks_of(source, {}, notes)
    parts = [part for block in blocks for part in block_parts(block, lines, notes)]
    return parts or plain_parts(source)


def blocks_of(
    source: str, references: References, notes: Notes, *, growing: bool = False
) -> list[Block]:
    """Return the top-level blocks of `source`, to which more may come if it is `growing`.

    `references` gains its link definitions, `notes` its footnotes.
    """
    if too_costly(source):
        token = Token("plain", "", 0, content=source)
        return [Block(0, source.count("\n") + 1, [token])]
    environment = {"references": references, "footnotes": {}, GROWING: growing}
    tokens = _parser().parse(source, environment)
    notes.defined.update(
        str(token.meta["label"]) for token in tokens if token.type == "footnote_reference_open"
    )
    blocks: list[Block] = []
    for token in tokens:
        if token.level == 0 and token.nesting >= 0 and token.map is not None:
            blocks.append(Block(token.map[0], token.map[1], []))
        blocks[-1].tokens.append(token)
        if token.type == "list_item_open" and token.level == 1 and token.map is not None:
            number = first_number(blocks[-1].tokens[0]) + len(blocks[-1].items)
            blocks[-1].items.append((token.map[0], number))
    return blocks


def block_parts(
    block: Block,
    lines: Sequence[str],
    notes: Notes,
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
    return list(Walk(number, notes).parts(tokens))


@cache
def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "typographer": False, "maxNesting": _LEVELS_PARSED}
    parser = _Parser("commonmark", options)
    parser.enable(["table", "strikethrough"])
    teach(parser)
    return parser


class _Parser(MarkdownIt):
    """Knows every link as one, so that this module alone decides which may be followed."""

    def validateLink(self, _url: str) -> bool:
        return True


def too_costly(source: str) -> bool:
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


def _nesting(tokens: Sequence[Token]) -> Iterator[int]:
    """Yield how many quotes and lists, or styles, are open at each token."""
    depth = 0
    for token in tokens:
        if token.type.startswith(_NESTS):
            depth += token.nesting
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
