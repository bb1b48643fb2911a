"""An answer as plain text, about as it is seen. Standard library only; any thread."""

from collections.abc import Sequence

from desktop.ui.markdown_parts import Code, Paragraph, Part, Rule, Span, Table

__all__ = ["BULLET", "RULE_TEXT", "plain_text", "prefix"]

BULLET = "•"
RULE_TEXT = "———"
_STEP = "  "


def plain_text(parts: Sequence[Part]) -> str:
    """Return `parts` one below the other; cells of a table are a tab apart."""
    lines: list[str] = []
    before: Part | None = None
    for part in parts:
        if before is not None and not _close(before, part):
            lines.append("")
        lines.append(_lines(part))
        before = part
    return "\n".join(lines)


def prefix(marker: int | None, depth: int, done: bool | None = None) -> str:
    """Return what stands before the text of a list item."""
    if marker is None:
        return ""
    sign = f"{marker}." if marker else BULLET
    if done is not None:
        sign = "☑" if done else "☐"
    return _STEP * max(0, depth - 1) + sign + " "


def _close(above: Part, below: Part) -> bool:
    return isinstance(above, Paragraph) and isinstance(below, Paragraph) and bool(below.depth)


def _lines(part: Part) -> str:
    match part:
        case Code():
            return part.text
        case Table():
            return "\n".join("\t".join(_text(cell) for cell in row) for row in part.rows)
        case Rule():
            return RULE_TEXT
        case Paragraph():
            return prefix(part.marker, part.depth, part.done) + _text(part.spans)


def _text(spans: Sequence[Span]) -> str:
    return "".join(span.text for span in spans)
