"""From markdown-it's tokens to parts. Standard library and markdown-it; any thread."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from markdown_it.token import Token

from desktop.ui.links import safe_link, visible
from desktop.ui.markdown_parts import (
    Code,
    Paragraph,
    Part,
    Rule,
    Span,
    Table,
    clean,
    code_language,
    code_text,
)

__all__ = ["Walk", "first_number"]

_SHOWN_ADDRESS = 200
Look: TypeAlias = tuple[bool, bool, bool, bool, str]


class Walk:
    """Turns markdown-it's flat tokens into parts, keeping count of what is open."""

    def __init__(self, number: int | None) -> None:
        """Begin; `number` continues a numbered list that was cut off above."""
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
            self._lists.append(first_number(token))

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
                text = clean(token.content)
        if text:
            yield (bold, italic, struck, code, link), text


def _address(image: Token) -> str:
    source = visible(str(image.attrs.get("src", "")))
    return source if len(source) <= _SHOWN_ADDRESS else source[: _SHOWN_ADDRESS - 1] + "…"


def first_number(token: Token) -> int:
    """Return the number of the first item of the list that `token` opens; 0 for bullets."""
    return int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else 0
