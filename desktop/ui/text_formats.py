"""The looks of text: formats of paragraphs, runs, tables and lines of code in a theme.

What Qt cannot draw nicely (markers of lists, bars of quotes, rules, the ground of code within a
line) is a property on the block, and `text_ground` paints it. GUI thread.
"""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextFormat,
    QTextFrameFormat,
    QTextTableCellFormat,
    QTextTableFormat,
)

from desktop.ui.markdown_parts import Paragraph, Rule, Span
from desktop.ui.theme import mono_families
from desktop.ui.tokens import LINE_HEIGHT, Size, Space, Tokens

__all__ = [
    "CODE_SPAN",
    "INDENT",
    "MARKER",
    "NOTE_SCHEME",
    "QUOTE_DEPTH",
    "QUOTE_STEP",
    "RULE",
    "TASK",
    "block_format",
    "cell_block_format",
    "cell_format",
    "code_block_format",
    "look_of",
    "mono_look",
    "paragraph_look",
    "plain_block_format",
    "space_between",
    "table_format",
    "text_size",
]

_USER = QTextFormat.Property.UserProperty.value
CODE_SPAN: Final = _USER + 1
QUOTE_DEPTH: Final = _USER + 2
RULE: Final = _USER + 3
MARKER: Final = _USER + 4
TASK: Final = _USER + 5
"""1 for a task that is open, 2 for one that is done"""
NOTE_SCHEME: Final = "note:"
"""begins the address of a footnote, which leads out of no message"""

INDENT = 24
QUOTE_STEP = 16
_HEADINGS = {1: 21, 2: 18, 3: 16}
_CODE_SIZE = 13
_CODE_LINE = 20
_DISPLAY_SPACE = 2
_ALIGNS = {
    "left": Qt.AlignmentFlag.AlignLeft,
    "center": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight,
}
_PIXEL_SIZE = QTextFormat.Property.FontPixelSize.value


def block_format(
    part: Paragraph | Rule,
    above: Paragraph | Rule | None,
    scale: float = 1.0,
    line: float = LINE_HEIGHT,
) -> QTextBlockFormat:
    """Return the format of a paragraph below `above`; None: it is the first.

    `scale` is how much larger than usual the text is, and `line` how high a line of it is in sizes of
    its type, here and below.
    """
    form = QTextBlockFormat()
    form.setTopMargin(space_between(part, above) if above is not None else 0)
    if isinstance(part, Rule):
        form.setProperty(RULE, True)
        _fixed_line(form, 1)
        return form
    ratio = 1.35 if part.level else line
    _fixed_line(form, round(text_size(part) * ratio * scale))
    form.setHeadingLevel(part.level)
    if part.quote:
        form.setProperty(QUOTE_DEPTH, part.quote)
        form.setLeftMargin(part.quote * QUOTE_STEP)
    form.setIndent(part.depth)
    if part.marker is not None:
        form.setProperty(MARKER, part.marker)
    if part.done is not None:
        form.setProperty(TASK, 2 if part.done else 1)
    if part.display:
        form.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        form.setBottomMargin(_DISPLAY_SPACE)
    if any(span.code for span in part.spans):
        form.setProperty(CODE_SPAN, True)
    return form


def text_size(part: Paragraph) -> int:
    """Return the type size of a paragraph in pixels."""
    return Size.SMALL + 1 if part.small else _HEADINGS.get(part.level, Size.BODY)


def paragraph_look(part: Paragraph, theme: Tokens, scale: float = 1.0) -> QTextCharFormat:
    """Return what all runs of a paragraph have in common."""
    base = QTextCharFormat()
    base.setForeground(QColor(theme.muted if part.quote or part.small else theme.text))
    size = text_size(part)
    if size != Size.BODY or scale != 1:
        base.setProperty(_PIXEL_SIZE, round(size * scale))
    if part.level:
        base.setFontWeight(QFont.Weight.DemiBold)
    return base


def look_of(
    span: Span, base: QTextCharFormat, theme: Tokens, scale: float = 1.0
) -> QTextCharFormat:
    """Return the look of a run in a paragraph of the look `base`."""
    look = QTextCharFormat(base)
    if span.code:
        look.merge(mono_look(scale))
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
        look.setForeground(QColor(theme.accent))
        look.setFontUnderline(True)
        look.setUnderlineColor(QColor(theme.accent))
    if span.note:
        look.setAnchor(True)
        look.setAnchorHref(f"{NOTE_SCHEME}{span.note}")
        look.setForeground(QColor(theme.accent))
        look.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
    return look


def mono_look(scale: float = 1.0) -> QTextCharFormat:
    """Return the look of code."""
    look = QTextCharFormat()
    look.setFontFamilies(mono_families())
    look.setProperty(_PIXEL_SIZE, round(_CODE_SIZE * scale))
    return look


def code_block_format(scale: float = 1.0) -> QTextBlockFormat:
    """Return the format of a line of a code block."""
    form = QTextBlockFormat()
    _fixed_line(form, round(_CODE_LINE * scale))
    return form


def plain_block_format(scale: float = 1.0, line: float = LINE_HEIGHT) -> QTextBlockFormat:
    """Return the format of a line of text that is shown as it stands."""
    form = QTextBlockFormat()
    _fixed_line(form, round(Size.BODY * line * scale))
    return form


def table_format() -> QTextTableFormat:
    """Return the format of a table as wide as its words; `cell_format` draws its lines."""
    form = QTextTableFormat()
    form.setBorder(0)
    form.setBorderCollapse(True)
    form.setCellSpacing(0)
    form.setCellPadding(0)
    form.setMargin(0)
    return form


def cell_format(theme: Tokens, *, first: bool, header: bool) -> QTextTableCellFormat:
    """Return the format of a cell: room around the words and a hairline above, but for the head."""
    form = QTextTableCellFormat()
    form.setTopPadding(Space.S - 1)
    form.setBottomPadding(Space.S - 1)
    form.setLeftPadding(0 if first else Space.M)
    form.setRightPadding(Space.L)
    if not header:
        form.setTopBorder(1)
        form.setTopBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        form.setTopBorderBrush(QBrush(QColor(theme.line)))
    return form


def cell_block_format(
    spans: tuple[Span, ...], align: str, scale: float = 1.0, line: float = LINE_HEIGHT
) -> QTextBlockFormat:
    """Return the format of the paragraph in a cell."""
    form = QTextBlockFormat()
    form.setAlignment(_ALIGNS.get(align, Qt.AlignmentFlag.AlignLeft))
    _fixed_line(form, round(Size.BODY * line * scale))
    form.setProperty(CODE_SPAN, any(span.code for span in spans))
    return form


def space_between(part: Paragraph | Rule, above: Paragraph | Rule) -> int:
    """Return the distance between two parts."""
    if isinstance(part, Rule) or isinstance(above, Rule):
        return Space.L
    if part.small:
        return Space.XS if above.small else Space.L
    if part.level:
        return Space.XL if part.level <= 2 else Space.L + 4
    if above.level:
        return Space.S
    if part.depth and above.depth:
        return Space.S - 2
    return Space.M


def _fixed_line(form: QTextBlockFormat, height: int) -> None:
    form.setLineHeight(height, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
