"""From markdown-it's tokens to parts. Standard library and markdown-it; any thread."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from markdown_it.token import Token

from desktop.ui.markdown_parts import (
    Code,
    Paragraph,
    Part,
    Rule,
    Span,
    Table,
    code_language,
    code_text,
    fenced,
    formula_span,
)
from desktop.ui.markdown_spans import Notes, spans_of

__all__ = ["Walk", "first_number"]

_TASK = re.compile(r"\[([ xX])\]\s")


class Walk:
    """Turns markdown-it's flat tokens into parts, keeping count of what is open."""

    def __init__(self, number: int | None, notes: Notes) -> None:
        """Begin; `number` continues a numbered list that was cut off above."""
        self._number = number
        self._notes = notes
        self._note: int | None = None
        self._quote = 0
        self._lists: list[int | None] = []
        self._marker: int | None = None

    def parts(  # noqa: C901, PLR0912 - one case for each kind of token
        self, tokens: Sequence[Token]
    ) -> Iterator[Part]:
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
                    yield from self._paragraphs(spans_of(token.children or [], self._notes), level)
                case "fence" | "code_block":
                    yield from self._bare_marker()
                    text = code_text(token.content.removesuffix("\n"))
                    yield fenced(Code(text, code_language(token.info), self._depth))
                case "math_block":
                    yield self._formula(formula_span(token.content))
                case "math_open":
                    yield self._paragraph((Span(code_text(token.content), code=True),))
                case "footnote_reference_open":
                    self._note = self._notes.number(str(token.meta["label"]))
                case "footnote_reference_close":
                    if self._note:
                        yield self._paragraph(())
                    self._note = None
                case "hr":
                    yield from self._bare_marker()
                    yield Rule()
                case "table_open":
                    yield from self._bare_marker()
                    yield _table(rest, self._depth, self._notes)
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

    def _paragraphs(self, spans: tuple[Span, ...], level: int) -> Iterator[Paragraph]:
        """Yield a paragraph, or several where formulas by themselves stand in it."""
        rest: list[Span] = []
        for span in spans:
            if span.note < 0:
                if rest := _trimmed(rest):
                    yield self._paragraph(tuple(rest), level)
                yield self._formula(replace(span, note=0))
                rest = []
            else:
                rest.append(span)
        if len(rest) < len(spans):
            rest = _trimmed(rest)
        if rest or not spans:
            yield self._paragraph(tuple(rest), level)

    def _formula(self, span: Span) -> Paragraph:
        return replace(self._paragraph((span,)), display=span.math)

    def _paragraph(self, spans: tuple[Span, ...], level: int = 0) -> Paragraph:
        if self._note is not None:
            note, self._note = self._note, 0
            depth = len(self._lists) + 1
            return Paragraph(spans, level, self._quote, depth, note or None, small=True)
        marker, self._marker = self._marker, None
        done = None
        if marker == 0 and spans and not spans[0].code and (box := _TASK.match(spans[0].text)):
            done = box[1] != " "
            spans = (replace(spans[0], text=spans[0].text[box.end() :]), *spans[1:])
            spans = spans if spans[0].text else spans[1:]
        return Paragraph(spans, level, self._quote, len(self._lists), marker, done)

    def _bare_marker(self) -> Iterator[Part]:
        """Yield the item that has no text of its own, so that its number is seen."""
        if self._marker is not None:
            yield self._paragraph(())


def _table(tokens: Iterator[Token], depth: int, notes: Notes) -> Table:
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
                rows[-1].append(_cell(spans_of(token.children or [], notes)))
            case _:
                pass
    return Table(tuple(aligns), tuple(tuple(row) for row in rows), depth)


def _cell(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return spans for where no formula can stand by itself."""
    return tuple(replace(span, note=0) if span.note < 0 else span for span in spans)


def _trimmed(spans: list[Span]) -> list[Span]:
    """Return spans without the line breaks that stood beside a formula."""
    while spans and not (spans[0].math or spans[0].text.strip()):
        del spans[0]
    while spans and not (spans[-1].math or spans[-1].text.strip()):
        del spans[-1]
    if spans and not spans[0].math:
        spans[0] = replace(spans[0], text=spans[0].text.lstrip(" \n"))
    if spans and not spans[-1].math:
        spans[-1] = replace(spans[-1], text=spans[-1].text.rstrip(" \n"))
    return spans


def first_number(token: Token) -> int:
    """Return the number of the first item of the list that `token` opens; 0 for bullets."""
    return int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else 0
