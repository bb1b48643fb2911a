"""Markdown parts to HTML of our own tags, everything in them escaped. No Qt; any thread.

Code gets its colours and formulas their drawings from whoever typesets; without it they stay plain
text, and their source.
"""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Final, TypeAlias
from xml.etree import ElementTree

from desktop.ui.code_languages import language_name
from desktop.ui.code_roles import LONGEST_CODE, ROLES
from desktop.ui.markdown_parts import Code, Paragraph, Part, Rule, Span, Table, clean
from desktop.ui.typeset_messages import Colour, Coloured, Draw, Drawn, Order, Refused, Reply

__all__ = ["EM", "Typeset", "no_typeset", "parts_html", "plain_html"]

Typeset: TypeAlias = Callable[[Order], Reply | None]

EM: Final = 16.0
"""How large formulas are asked for, in pixels; they are shown in proportion to the text."""

_SVG: Final = "{http://www.w3.org/2000/svg}"
_DRAWN: Final = {
    "svg": ("width", "height", "viewBox"),
    "g": ("transform",),
    "path": ("d", "fill", "stroke", "stroke-width", "transform"),
    "rect": ("x", "y", "width", "height", "fill", "stroke", "stroke-width"),
    "line": ("x1", "y1", "x2", "y2", "stroke", "stroke-width"),
    "circle": ("cx", "cy", "r", "fill", "stroke", "stroke-width"),
    "text": ("x", "y", "font-size", "fill"),
}
_INK: Final = "black"


def no_typeset(_order: Order) -> Reply | None:
    """Refuse every order."""
    return Refused()


def plain_html(text: str) -> str:
    """Return `text` as it stands, escaped."""
    return escape(clean(text), quote=True)


def parts_html(parts: Sequence[Part], typeset: Typeset, notes: str) -> Iterator[str]:
    """Yield the HTML of `parts`; `notes` begins the names of footnotes, unlike any other's."""
    stack = _Stack()
    for part in parts:
        match part:
            case Paragraph():
                yield stack.to(part.quote, part.depth, part.marker if not part.small else None)
                yield _paragraph(part, typeset, notes)
            case Code():
                yield stack.to(0, part.depth, None)
                yield code_html(part, typeset)
            case Table():
                yield stack.to(0, part.depth, None)
                yield _table(part, typeset, notes)
            case Rule():
                yield stack.to(0, 0, None)
                yield "<hr>"
    yield stack.to(0, 0, None)


class _Stack:
    """Which quotes and lists are open: parts only say how deep they are."""

    def __init__(self) -> None:
        self._quotes = 0
        self._lists: list[str] = []

    def to(self, quote: int, depth: int, marker: int | None) -> str:
        """Return the tags that lead to a part at this place; `marker` begins an item there."""
        out: list[str] = []
        if quote != self._quotes:
            out += self._close_lists(0)
            step = "<blockquote>" if quote > self._quotes else "</blockquote>"
            out += [step] * abs(quote - self._quotes)
            self._quotes = quote
        out += self._close_lists(depth)
        if marker is not None and depth:
            kind = "ol" if marker else "ul"
            if len(self._lists) == depth and self._lists[-1] != kind:
                out += self._close_lists(depth - 1)
            is_open = len(self._lists) == depth
            if is_open:
                out.append("</li>")
        else:
            kind, is_open = "ul", True
        while len(self._lists) < depth:
            name = kind if len(self._lists) == depth - 1 else "ul"
            self._lists.append(name)
            start = f' start="{marker}"' if name == "ol" and marker not in {None, 1} else ""
            out.append(f"<{name}{start}>")
            if len(self._lists) < depth or marker is None:
                out.append("<li>")
        if marker is not None and depth:
            out.append("<li>")
        return "".join(out)

    def _close_lists(self, depth: int) -> list[str]:
        gone = self._lists[depth:]
        del self._lists[depth:]
        return [f"</li></{name}>" for name in reversed(gone)]


def _paragraph(part: Paragraph, typeset: Typeset, notes: str) -> str:
    if part.display and len(part.spans) == 1:
        return f'<div class="display">{_formula(part.spans[0].text, typeset, display=True)}</div>'
    words = "".join(_span(span, typeset, notes) for span in part.spans)
    if part.small:
        number = part.marker or 0
        mark = f"<sup>{number}</sup> " if number else ""
        name = f' id="{notes}-{number}"' if number else ""
        return f'<p class="note"{name}>{mark}{words}</p>'
    if part.done is not None:
        words = f'<span class="task">{"☑" if part.done else "☐"}</span> {words}'
    tag = f"h{min(6, part.level + 2)}" if part.level else "p"
    return f"<{tag}>{words}</{tag}>"


def _span(span: Span, typeset: Typeset, notes: str) -> str:
    if span.note > 0:
        return f'<sup><a href="#{notes}-{span.note}">{plain_html(span.text)}</a></sup>'
    if span.math:
        out = _formula(span.text, typeset, display=False)
    else:
        out = plain_html(span.text).replace("\n", "<br>")
        if span.code:
            out = f"<code>{out}</code>"
    for is_so, tag in ((span.struck, "s"), (span.italic, "em"), (span.bold, "strong")):
        if is_so:
            out = f"<{tag}>{out}</{tag}>"
    if span.link:
        address = escape(span.link, quote=True)
        out = f'<a href="{address}" rel="noopener noreferrer">{out}</a>'
    return out


def _table(part: Table, typeset: Typeset, notes: str) -> str:
    out = ['<div class="wide"><table>']
    columns = max(len(row) for row in part.rows)
    for at, row in enumerate(part.rows):
        tag = "td" if at else "th"
        out.append("<tr>")
        for column in range(columns):
            align = part.aligns[column] if column < len(part.aligns) else "left"
            cell = row[column] if column < len(row) else ()
            words = "".join(_span(span, typeset, notes) for span in cell)
            look = f' class="{align}"' if align in {"center", "right"} else ""
            out.append(f"<{tag}{look}>{words}</{tag}>")
        out.append("</tr>")
    out.append("</table></div>")
    return "".join(out)


def code_html(part: Code, typeset: Typeset) -> str:
    """Return a block of code under the name of its language."""
    reply = None
    if part.language and len(part.text) <= LONGEST_CODE:
        reply = typeset(Colour(part.text, part.language))
    lines = reply.lines if isinstance(reply, Coloured) else []
    coloured = "\n".join(
        _line(line, lines[at] if at < len(lines) else [])
        for at, line in enumerate(part.text.split("\n"))
    )
    name = plain_html(language_name(part.language)) if part.language else ""
    head = f"<figcaption>{name}</figcaption>" if name else ""
    return f"<figure>{head}<pre><code>{coloured}</code></pre></figure>"


def _line(text: str, runs: list[int]) -> str:
    """Return a line of code with its runs: start and length in UTF-16 units, and a role."""
    if not runs:
        return plain_html(text)
    units = text.encode("utf-16-le", "surrogatepass")
    out: list[str] = []
    at = 0
    for start, length, role in zip(runs[::3], runs[1::3], runs[2::3], strict=False):
        if not (at <= start and length > 0 and 0 <= role < len(ROLES) and ROLES[role]):
            continue
        out.append(_cut(units, at, start))
        out.append(f'<span class="{ROLES[role]}">{_cut(units, start, start + length)}</span>')
        at = start + length
    out.append(_cut(units, at, len(units) // 2))
    return "".join(out)


def _cut(units: bytes, start: int, end: int) -> str:
    return plain_html(units[2 * start : 2 * end].decode("utf-16-le", "replace"))


def _formula(tex: str, typeset: Typeset, *, display: bool) -> str:
    mark = "$$" if display else "$"
    source = plain_html(f"{mark}{tex}{mark}")
    reply = typeset(Draw(tex, EM, display))
    drawn = _svg(reply) if isinstance(reply, Drawn) else ""
    if not drawn or not isinstance(reply, Drawn):
        return f"<code>{source}</code>"
    drop = f"vertical-align:{-reply.descent / EM:.3f}em"
    return f'<span class="math" role="img" aria-label="{source}" style="{drop}">{drawn}</span>'


def _svg(drawn: Drawn) -> str:
    """Return the drawing with nothing in it but lines and letters, in the colour of text."""
    try:
        root = ElementTree.fromstring(drawn.svg)  # noqa: S314 made by our own process
    except ElementTree.ParseError:
        return ""
    high = (drawn.ascent + drawn.descent) / EM
    size = f' width="{drawn.width / EM:.3f}em" height="{high:.3f}em"'
    return _element(root, size)


def _element(element: ElementTree.Element, size: str = "") -> str:
    tag = str(element.tag).removeprefix(_SVG)
    known = _DRAWN.get(tag)
    if known is None:
        return ""
    out = [f"<{tag}{size}"]
    for name in known:
        value = element.get(name)
        if value is None or (size and name in {"width", "height"}):
            continue
        value = "currentColor" if value == _INK else value
        out.append(f' {name}="{escape(value, quote=True)}"')
    inside = plain_html(element.text or "") if tag == "text" else ""
    inside += "".join(_element(child) for child in element)
    out.append(f">{inside}</{tag}>")
    return "".join(out)
