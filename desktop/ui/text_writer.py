"""Writes Markdown parts into a text document, run by run, without HTML.

What Qt cannot draw nicely (markers of lists, bars of quotes, rules, the ground of code within a line) is left as a
property on the block, and `text_ground` paints it. GUI thread.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTableCellFormat,
    QTextTableFormat,
)

from desktop.ui.highlight import Role
from desktop.ui.markdown_parts import Paragraph, Rule, Span, Table
from desktop.ui.theme import mono_families
from desktop.ui.tokens import LINE_HEIGHT, Size, Space, Tokens

__all__ = ["CODE_SPAN", "MARKER", "QUOTE_DEPTH", "QUOTE_STEP", "RULE", "TextWriter"]

_USER = QTextFormat.Property.UserProperty.value
CODE_SPAN = _USER + 1
QUOTE_DEPTH = _USER + 2
RULE = _USER + 3
MARKER = _USER + 4

_HEADINGS = {1: 20, 2: 18, 3: 16}
_CODE_SIZE = 13
_CODE_LINE = 20
QUOTE_STEP = 16
_ALIGNS = {
    "left": Qt.AlignmentFlag.AlignLeft,
    "center": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight,
}


class TextWriter:
    """Writes at the end of one document in one theme."""

    def __init__(self, document: QTextDocument, theme: Tokens) -> None:
        """Stand at the end of `document`."""
        self._document = document
        self._theme = theme
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
        form = self._block_format(part)
        form.setTopMargin(_space(part, above) if above is not None else 0)
        if above is None:
            self._cursor.setBlockFormat(form)
        else:
            self._cursor.insertBlock(form, QTextCharFormat())
        start = self._cursor.position()
        if isinstance(part, Paragraph):
            self._spans(part.spans, self._base(part))
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
        form = self._block_format(part)
        form.setTopMargin(_space(part, above) if above is not None else 0)
        self._cursor.beginEditBlock()
        self._cursor.setPosition(start + kept)
        self._cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        self._cursor.removeSelectedText()
        if self._cursor.blockFormat() != form:
            self._cursor.setBlockFormat(form)
        if isinstance(part, Paragraph):
            self._spans(rest, self._base(part))
        self._cursor.endEditBlock()

    def begin(self) -> None:
        """Let all that is written until `end` be one change: nothing between is laid out."""
        self._cursor.beginEditBlock()

    def end(self) -> None:
        """Lay out what was written since `begin`."""
        self._cursor.endEditBlock()

    def lines(self, text: str, tone: str) -> None:
        """Write `text` as it stands, in the colour `tone`."""
        form = QTextBlockFormat()
        _fixed_line(form, round(Size.BODY * LINE_HEIGHT))
        base = QTextCharFormat()
        base.setForeground(QColor(tone))
        self._cursor.beginEditBlock()
        self._cursor.setBlockFormat(form)
        self._cursor.insertText(text, base)
        self._cursor.endEditBlock()

    def code(self, runs: Iterable[tuple[Role, str]]) -> None:
        """Write highlighted code."""
        form = QTextBlockFormat()
        _fixed_line(form, _CODE_LINE)
        self._cursor.beginEditBlock()
        self._cursor.setBlockFormat(form)
        for role, text in runs:
            look = self._mono()
            look.setForeground(QColor(getattr(self._theme.syntax, role, self._theme.text)))
            self._cursor.insertText(text, look)
        self._cursor.endEditBlock()

    def cut_last_line(self) -> None:
        """Remove the characters of the last line."""
        self._cursor.movePosition(
            QTextCursor.MoveOperation.StartOfBlock, QTextCursor.MoveMode.KeepAnchor
        )
        self._cursor.removeSelectedText()

    def table(self, part: Table) -> None:
        """Write a table with a hairline under each row."""
        columns = max(len(row) for row in part.rows)
        self._cursor.beginEditBlock()
        table = self._cursor.insertTable(len(part.rows), columns, _table_format())
        for at_row, row in enumerate(part.rows):
            is_last = at_row == len(part.rows) - 1
            for at_column in range(columns):
                cell = table.cellAt(at_row, at_column)
                cell.setFormat(self._cell_format(first=at_column == 0, underlined=not is_last))
                spans = row[at_column] if at_column < len(row) else ()
                align = part.aligns[at_column] if at_column < len(part.aligns) else "left"
                self._cell(cell.firstCursorPosition(), spans, align, header=at_row == 0)
        self._cursor.endEditBlock()

    def _cell(
        self, cursor: QTextCursor, spans: Sequence[Span], align: str, *, header: bool
    ) -> None:
        form = QTextBlockFormat()
        form.setAlignment(_ALIGNS.get(align, Qt.AlignmentFlag.AlignLeft))
        _fixed_line(form, round(Size.BODY * LINE_HEIGHT))
        form.setProperty(CODE_SPAN, any(span.code for span in spans))
        cursor.setBlockFormat(form)
        base = QTextCharFormat()
        base.setForeground(QColor(self._theme.text))
        if header:
            base.setFontWeight(QFont.Weight.DemiBold)
        outside, self._cursor = self._cursor, cursor
        self._spans(spans, base)
        self._cursor = outside

    def _cell_format(self, *, first: bool, underlined: bool) -> QTextTableCellFormat:
        form = QTextTableCellFormat()
        form.setTopPadding(Space.S - 1)
        form.setBottomPadding(Space.S - 1)
        form.setLeftPadding(0 if first else Space.M)
        form.setRightPadding(Space.M)
        if underlined:
            form.setBottomBorder(1)
            form.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
            form.setBottomBorderBrush(QBrush(QColor(self._theme.line)))
        return form

    def _spans(self, spans: Iterable[Span], base: QTextCharFormat) -> None:
        for span in spans:
            self._cursor.insertText(span.text.replace("\n", "\u2028"), self._look(span, base))

    def _look(self, span: Span, base: QTextCharFormat) -> QTextCharFormat:
        look = QTextCharFormat(base)
        if span.code:
            look.merge(self._mono())
            look.setProperty(CODE_SPAN, True)
        if span.bold:
            look.setFontWeight(QFont.Weight.DemiBold)
        if span.italic:
            look.setFontItalic(True)
        if span.struck:
            look.setFontStrikeOut(True)
        if span.link:
            look.setAnchor(True)
            look.setAnchorHref(span.link)
            look.setForeground(QColor(self._theme.accent))
            look.setFontUnderline(True)
            look.setUnderlineColor(QColor(self._theme.accent))
        return look

    def _base(self, part: Paragraph) -> QTextCharFormat:
        base = QTextCharFormat()
        base.setForeground(QColor(self._theme.muted if part.quote else self._theme.text))
        if part.level:
            base.setProperty(
                QTextFormat.Property.FontPixelSize.value, _HEADINGS.get(part.level, Size.BODY)
            )
            base.setFontWeight(QFont.Weight.DemiBold)
        return base

    def _mono(self) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setFontFamilies(mono_families())
        look.setProperty(QTextFormat.Property.FontPixelSize.value, _CODE_SIZE)
        return look

    @staticmethod
    def _block_format(part: Paragraph | Rule) -> QTextBlockFormat:
        form = QTextBlockFormat()
        if isinstance(part, Rule):
            form.setProperty(RULE, True)
            _fixed_line(form, 1)
            return form
        size = _HEADINGS.get(part.level, Size.BODY)
        ratio = 1.35 if part.level else LINE_HEIGHT
        _fixed_line(form, round(size * ratio))
        if part.quote:
            form.setProperty(QUOTE_DEPTH, part.quote)
            form.setLeftMargin(part.quote * QUOTE_STEP)
        form.setIndent(part.depth)
        if part.marker is not None:
            form.setProperty(MARKER, part.marker)
        if any(span.code for span in part.spans):
            form.setProperty(CODE_SPAN, True)
        return form


def _table_format() -> QTextTableFormat:
    form = QTextTableFormat()
    form.setBorder(0)
    form.setBorderCollapse(True)
    form.setCellSpacing(0)
    form.setCellPadding(0)
    form.setMargin(0)
    form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    return form


def _fixed_line(form: QTextBlockFormat, height: int) -> None:
    form.setLineHeight(height, QTextBlockFormat.LineHeightTypes.FixedHeight.value)


def _rest_of(old: Paragraph | Rule, part: Paragraph | Rule) -> tuple[int, list[Span]]:
    """Return how much of `old` begins `part` too, as a document counts, and what follows it."""
    if isinstance(part, Rule):
        return 0, []
    rest = list(part.spans)
    if isinstance(old, Rule) or (old.level, old.quote) != (part.level, part.quote):
        return 0, rest
    kept = 0
    for before in old.spans:
        if not rest or replace(before, text="") != replace(rest[0], text=""):
            break
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


def _space(part: Paragraph | Rule, above: Paragraph | Rule) -> int:
    """Return the distance between two parts."""
    if isinstance(part, Rule) or isinstance(above, Rule):
        return Space.L
    if part.level:
        return Space.XL if part.level <= 2 else Space.L + 4
    if above.level:
        return Space.S
    if part.depth and above.depth:
        return Space.S - 2
    return Space.M
