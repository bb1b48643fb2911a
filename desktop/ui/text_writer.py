"""Writes Markdown parts into a text document, run by run, without HTML. GUI thread."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile

from PySide6.QtGui import (
    QColor,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)

from desktop.ui.markdown_parts import Paragraph, Rule, Span
from desktop.ui.text_formats import (
    block_format,
    code_block_format,
    mono_look,
    paragraph_look,
    plain_block_format,
)
from desktop.ui.text_formulas import formulas_of
from desktop.ui.text_spans import write_spans
from desktop.ui.text_table import TableWriter
from desktop.ui.tokens import LINE_HEIGHT, Tokens

__all__ = ["TextWriter"]


class TextWriter:
    """Writes at the end of one document in one theme, its type `scale` times as large as usual.

    Lines are `line` times as high as their type.
    """

    def __init__(
        self,
        document: QTextDocument,
        theme: Tokens,
        scale: float = 1.0,
        line: float = LINE_HEIGHT,
    ) -> None:
        """Stand at the end of `document`."""
        self._document = document
        self._theme = theme
        self._scale = scale
        self._line = line
        self._cursor = QTextCursor(document)
        self._cursor.movePosition(QTextCursor.MoveOperation.End)

    def cut(self, position: int) -> None:
        """Remove everything from `position` on, with the paragraph break before it."""
        self._cursor.beginEditBlock()
        self._cursor.setPosition(max(0, position - 1))
        form = self._cursor.blockFormat()
        self._cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        self._cursor.removeSelectedText()
        self._cursor.setBlockFormat(form if position else QTextBlockFormat())
        self._cursor.endEditBlock()

    def paragraph(self, part: Paragraph | Rule, above: Paragraph | Rule | None) -> int:
        """Write `part` below `above` (None when it is the first); return where it begins."""
        self._cursor.beginEditBlock()
        form = block_format(part, above, self._scale, self._line)
        if above is None:
            self._cursor.setBlockFormat(form)
        else:
            self._cursor.insertBlock(form, QTextCharFormat())
        start = self._cursor.position()
        if isinstance(part, Paragraph):
            self._spans(part, part.spans)
        self._cursor.endEditBlock()
        return start

    def rewrite(
        self,
        start: int,
        old: Paragraph | Rule,
        part: Paragraph | Rule,
        above: Paragraph | Rule | None,
    ) -> None:
        """Turn the last paragraph, `old`, into `part`; what both begin with is not touched."""
        kept, rest = _rest_of(old, part)
        form = block_format(part, above, self._scale, self._line)
        self._cursor.beginEditBlock()
        self._cursor.setPosition(start + kept)
        self._cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        self._cursor.removeSelectedText()
        if self._cursor.blockFormat() != form:
            self._cursor.setBlockFormat(form)
        if isinstance(part, Paragraph):
            self._spans(part, rest)
            if any(span.math for span in part.spans):
                formulas_of(self._document).fit_lines(self._cursor.block())
        self._cursor.endEditBlock()

    def begin(self) -> None:
        """Let all that is written until `end` be one change: nothing between is laid out."""
        self._cursor.beginEditBlock()

    def end(self) -> None:
        """Lay out what was written since `begin`."""
        self._cursor.endEditBlock()

    def lines(self, text: str, tone: str) -> None:
        """Write `text` as it stands, in the colour `tone`."""
        base = QTextCharFormat()
        base.setForeground(QColor(tone))
        self._cursor.beginEditBlock()
        self._cursor.setBlockFormat(plain_block_format(self._scale, self._line))
        self._cursor.insertText(text, base)
        self._cursor.endEditBlock()

    def table(self) -> TableWriter:
        """Return what writes a table into a document that is empty."""
        return TableWriter(self._document, self._theme, self._scale, self._line)

    def code(self, text: str) -> None:
        """Write code, in the colour of text; each line is a paragraph."""
        look = mono_look(self._scale)
        look.setForeground(QColor(self._theme.text))
        self._cursor.beginEditBlock()
        self._cursor.setBlockFormat(code_block_format(self._scale))
        self._cursor.insertText(text, look)
        self._cursor.endEditBlock()

    def _spans(self, part: Paragraph, spans: Iterable[Span]) -> None:
        base = paragraph_look(part, self._theme, self._scale)
        write_spans(self._cursor, spans, base, self._theme, self._scale, display=part.display)


def _rest_of(old: Paragraph | Rule, part: Paragraph | Rule) -> tuple[int, list[Span]]:
    """Return how much of `old` begins `part` too, as a document counts, and what follows it."""
    if isinstance(part, Rule):
        return 0, []
    rest = list(part.spans)
    if isinstance(old, Rule) or _kind(old) != _kind(part):
        return 0, rest
    kept = 0
    for before in old.spans:
        if not rest or replace(before, text="") != replace(rest[0], text=""):
            break
        if before.math:
            if before != rest[0]:
                break
            kept += 1
            del rest[0]
            continue
        text = rest[0].text
        whole = text.startswith(before.text)
        pairs = takewhile(lambda two: two[0] == two[1], zip(before.text, text, strict=False))
        same = before.text if whole else "".join(char for char, _ in pairs)
        kept += len(same.encode("utf-16-le", "surrogatepass")) // 2
        rest[0] = replace(rest[0], text=text[len(same) :])
        if not whole:
            break
        if not rest[0].text:
            del rest[0]
    return kept, rest


def _kind(part: Paragraph) -> tuple[int, int, bool, bool]:
    return part.level, part.quote, part.display, part.small
