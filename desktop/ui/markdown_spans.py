"""From markdown-it's inline tokens to runs of one look: links, formulas, footnotes, emoji.

Standard library and markdown-it; any thread.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from markdown_it.token import Token

from desktop.base.paths import resources
from desktop.ui.links import safe_link, visible
from desktop.ui.markdown_parts import Span, clean, code_text, formula_span

__all__ = ["Notes", "spans_of"]

_SHOWN_ADDRESS = 200
_MOST_FORMULAS = 200
_ADDRESS = re.compile(
    r"(?<![\w@])https?://[^\s<>\"`|\\^{}\u3000-\u303f\uff00-\uffef“”‘’…]+", re.ASCII
)
_AFTER_ADDRESS = ".,:;!?*_~'\""
_PAIRS = {")": "(", "]": "["}
_EMOJI = re.compile(r"(?<![\w:]):([a-z0-9_+-]{1,40}):(?!\w)")
_NUMBERED = re.compile(r"[0-9]{1,3}")


class Notes:
    """Footnotes of one text, numbered in the order in which they are met.

    While the text grows (`growing`), a number in the manner of a footnote is taken for one whose
    words will come.
    """

    def __init__(self, *, growing: bool = False) -> None:
        """Know none yet."""
        self.defined: set[str] = set()
        self._growing = growing
        self._numbers: dict[str, int] = {}

    def number(self, label: str) -> int:
        """Return the number of the footnote."""
        return self._numbers.setdefault(label, len(self._numbers) + 1)

    def is_one(self, label: str) -> bool:
        """Tell whether there are words for the footnote, or may be."""
        return label in self.defined or (self._growing and _NUMBERED.fullmatch(label) is not None)


def spans_of(tokens: Sequence[Token], notes: Notes) -> tuple[Span, ...]:
    """Return the runs of an inline token, neighbours of one look joined.

    Of very many formulas in one paragraph, each of which moves the others, the last stay source.
    """
    joined: list[Span] = []
    formulas = 0
    for found in _runs(tokens, notes):
        formulas += found.math
        is_one = found.math and formulas <= _MOST_FORMULAS
        span = found if is_one or not found.math else replace(found, math=False, code=True, note=0)
        last = joined[-1] if joined else None
        if (
            last is not None
            and not (span.math or span.note)
            and replace(last, text=span.text) == span
        ):
            joined[-1] = replace(last, text=last.text + span.text)
        else:
            joined.append(span)
    return tuple(joined)


def _runs(tokens: Sequence[Token], notes: Notes) -> Iterator[Span]:
    look = Span("")
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                look = replace(look, bold=token.nesting > 0)
            case "em_open" | "em_close":
                look = replace(look, italic=token.nesting > 0)
            case "s_open" | "s_close":
                look = replace(look, struck=token.nesting > 0)
            case "link_open":
                link = safe_link(str(token.attrs.get("href", "")))
                look = replace(look, link=link or " ")
            case "link_close":
                look = replace(look, link="")
            case _:
                yield from (_placed(span, look) for span in _leaf(token, look, notes) if span.text)


def _placed(span: Span, look: Span) -> Span:
    """Return `span` in the look of what stands around it."""
    link = span.link or look.link.strip()
    if span.note:
        return span
    return replace(span, bold=look.bold, italic=look.italic, struck=look.struck, link=link)


def _leaf(token: Token, look: Span, notes: Notes) -> Iterator[Span]:
    match token.type:
        case "code_inline":
            yield Span(code_text(token.content), code=True)
        case "math_inline" | "math_inline_double":
            span = formula_span(token.content)
            # A formula by itself is set apart in `markdown_walk`; its note tells.
            yield replace(span, note=-1) if token.type.endswith("double") and span.math else span
        case "softbreak" | "hardbreak":
            yield Span("\n")
        case "image":
            yield Span(f"[image: {_address(token)}]")
        case "footnote_ref":
            label = str(token.meta["label"])
            if notes.is_one(label):
                number = notes.number(label)
                yield Span(str(number), note=number)
            else:
                yield Span(clean(f"[^{label}]"))
        case _:
            text = clean(token.content)
            # Within a link, the safe or the unsafe kind, an address is its words.
            yield from [Span(_with_emoji(text))] if look.link else _with_addresses(text)


def _with_addresses(text: str) -> Iterator[Span]:
    at = 0
    if "://" in text:
        for found in _ADDRESS.finditer(text):
            address = _trimmed(found.group())
            link = safe_link(address)
            if link and not address.endswith("://"):
                yield Span(_with_emoji(text[at : found.start()]))
                yield Span(address, link=link)
                at = found.start() + len(address)
    yield Span(_with_emoji(text[at:]))


def _trimmed(address: str) -> str:
    """Return `address` without what belongs to the sentence around it."""
    end = len(address)
    balance = {
        closing: address.count(opening) - address.count(closing)
        for closing, opening in _PAIRS.items()
    }
    while end:
        char = address[end - 1]
        if char in _PAIRS and balance[char] < 0:
            balance[char] += 1
        elif char not in _AFTER_ADDRESS:
            break
        end -= 1
    return address[:end]


def _with_emoji(text: str) -> str:
    if text.count(":") < 2:
        return text
    return _EMOJI.sub(lambda found: _emoji().get(found[1], found[0]), text)


@cache
def _emoji() -> dict[str, str]:
    """Return pictures by their names, which are those of GitHub."""
    text = (resources() / "emoji.json").read_text(encoding="utf-8")
    return {str(name): str(picture) for name, picture in json.loads(text).items()}


def _address(image: Token) -> str:
    source = visible(str(image.attrs.get("src", "")))
    return source if len(source) <= _SHOWN_ADDRESS else source[: _SHOWN_ADDRESS - 1] + "…"
