"""What stands between two places of a text document, as plain text or as Markdown. GUI thread.

Markers of lists are not characters of the document, and cells of tables are blocks of it: both are
read back into what a person would have written.
"""

from collections.abc import Iterator

from PySide6.QtGui import (
    QFont,
    QTextBlock,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFragment,
    QTextTable,
)

from desktop.ui.plain_text import RULE_TEXT, prefix
from desktop.ui.text_formats import CODE_SPAN, MARKER, QUOTE_DEPTH, RULE, TASK
from desktop.ui.text_formulas import OBJECT, formula_source

__all__ = ["markdown_between", "plain_between"]

_DONE = 2
_BREAKS = {0x2028: "\n", 0x2029: "\n", 0xA0: " ", 0xFDD0: "\n", 0xFDD1: "\n"}


def plain_between(document: QTextDocument, start: int, end: int) -> str:
    """Return the text from `start` to `end`, places as Qt counts them."""
    return _joined(document, start, end, markdown=False)


def markdown_between(document: QTextDocument, start: int, end: int) -> str:
    """Return the text from `start` to `end` with the marks that give it its looks."""
    return _joined(document, start, end, markdown=True)


def _joined(document: QTextDocument, start: int, end: int, *, markdown: bool) -> str:
    pieces: list[str] = []
    before: QTextBlock | None = None
    for block in _blocks(document, start, end):
        if before is not None:
            pieces.append(_between(before, block, markdown=markdown))
        pieces.append(_block(block, start, end, markdown=markdown))
        before = block
    return "".join(pieces)


def _blocks(document: QTextDocument, start: int, end: int) -> Iterator[QTextBlock]:
    block = document.findBlock(start)
    while block.isValid() and block.position() <= end:
        yield block
        block = block.next()


def _table_at(block: QTextBlock) -> QTextTable | None:
    # Qt's stubs leave out that there may be none.
    table: QTextTable | None = QTextCursor(block).currentTable()
    return table


def _between(above: QTextBlock, below: QTextBlock, *, markdown: bool) -> str:
    table, before = _table_at(below), _table_at(above)
    if table is not None and before is not None:
        row = table.cellAt(below.position()).row()
        same_row = table.cellAt(above.position()).row() == row
        if not markdown:
            return "\t" if same_row else "\n"
        if same_row:
            return " | "
        rule = " |\n" + "|---" * table.columns() + "|\n| "
        return rule if row == 1 else " |\n| "
    form = below.blockFormat()
    items = form.indent() and above.blockFormat().indent()
    spaced = form.topMargin() > 0 and not items
    return "\n\n" if spaced else "\n"


def _block(block: QTextBlock, start: int, end: int, *, markdown: bool) -> str:
    form = block.blockFormat()
    if form.hasProperty(RULE):
        return "---" if markdown else RULE_TEXT
    pieces = "".join(_fragments(block, start, end, markdown=markdown))
    lead = ""
    if start <= block.position():
        marker = form.intProperty(MARKER) if form.hasProperty(MARKER) else None
        task = form.intProperty(TASK)
        done = task == _DONE if task else None
        lead = prefix(marker, form.indent(), done)
        if markdown:
            depth = "  " * max(0, form.indent() - 1)
            sign = "" if marker is None else f"{marker}. " if marker else "- "
            sign += "" if done is None else "[x] " if done else "[ ] "
            lead = "> " * form.intProperty(QUOTE_DEPTH) + (depth + sign if sign else "")
            lead += "#" * form.headingLevel() + " " if form.headingLevel() else ""
    return lead + pieces


def _fragments(block: QTextBlock, start: int, end: int, *, markdown: bool) -> Iterator[str]:
    at = block.begin()
    is_heading = bool(block.blockFormat().headingLevel())
    while not at.atEnd():
        fragment = at.fragment()
        at += 1
        text = _cut(fragment, start, end)
        if text:
            yield _marked(fragment, text, bold=not is_heading) if markdown else text


def _cut(fragment: QTextFragment, start: int, end: int) -> str:
    first = max(start, fragment.position()) - fragment.position()
    last = min(end, fragment.position() + fragment.length()) - fragment.position()
    if first >= last:
        return ""
    units = fragment.text().encode("utf-16-le", "surrogatepass")
    text = units[2 * first : 2 * last].decode("utf-16-le", "replace").translate(_BREAKS)
    if OBJECT in text:
        text = text.replace(OBJECT, formula_source(fragment.charFormat()))
    return text


def _marked(fragment: QTextFragment, text: str, *, bold: bool) -> str:
    look = fragment.charFormat()
    inner = text.strip()
    if not inner:
        return text
    if look.hasProperty(CODE_SPAN):
        marked = f"`{inner}`"
    else:
        marked = f"~~{inner}~~" if look.fontStrikeOut() else inner
        if look.hasProperty(QTextFormat.Property.FontItalic.value) and look.fontItalic():
            marked = f"*{marked}*"
        if bold and look.fontWeight() >= QFont.Weight.DemiBold:
            marked = f"**{marked}**"
    if look.isAnchor() and look.anchorHref():
        marked = f"[{marked}]({look.anchorHref()})"
    before, _, after = text.partition(inner)
    return before + marked + after
