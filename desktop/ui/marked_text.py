"""A few lines of plain text in which searched words are marked; never markup. GUI thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import (
    QColor,
    QFont,
    QPainter,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)

from desktop.ui.tokens import Tokens

__all__ = ["MarkedText", "paint_marked", "shown_part"]

_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text, and where in it the words are (start and end in characters)."""

    text: str
    marks: Sequence[tuple[int, int]] = ()


def shown_part(whole: MarkedText, font: QFont, width: float, lines: int) -> MarkedText:
    """Return what of `whole` fits into `lines`, with its first mark, "…" where it was cut."""
    shown = whole
    starts = _starts(shown, font, width, lines)
    if shown.marks and len(starts) > lines:
        first, end = min(shown.marks)
        # One letter of what fits is for the "…" at the end.
        if end >= starts[lines]:
            shown = _cut_before(shown, _word_before(shown.text, first, starts[lines] // 3))
            starts = _starts(shown, font, width, lines)
    while len(starts) > lines and len(shown.text) > 1:
        shown = _cut_after(shown, max(1, min(starts[lines], len(shown.text) - 1) - 1))
        starts = _starts(shown, font, width, lines)
    return shown


def paint_marked(
    painter: QPainter, place: QRectF, shown: MarkedText, font: QFont, lines: int, tokens: Tokens
) -> None:
    """Paint `shown`, made for `lines` lines of this width, from the top of `place` down."""
    layout = _layout(shown.text, font, lines)
    mark = QTextCharFormat()
    mark.setBackground(QColor(tokens.selection))
    mark.setForeground(QColor(tokens.text))
    formats = []
    for start, end in shown.marks:
        each = QTextLayout.FormatRange()
        each.start = _units(shown.text[:start])
        each.length = _units(shown.text[start:end])
        each.format = mark
        formats.append(each)
    layout.setFormats(formats)
    _break(layout, place.width())
    painter.setPen(QColor(tokens.text))
    layout.draw(painter, QPointF(place.topLeft()))


def _word_before(text: str, place: int, most: int) -> int:
    """Return where a word begins at most `most` characters before `place`: they say what about."""
    begin = max(0, place - most)
    blank = text.find(" ", begin, place)
    return blank + 1 if begin > 0 and blank >= 0 else begin


def _cut_before(whole: MarkedText, begin: int) -> MarkedText:
    if begin == 0:
        return whole
    moved = len(_ELLIPSIS) - begin
    marks = [(max(start, begin) + moved, end + moved) for start, end in whole.marks if end > begin]
    return MarkedText(_ELLIPSIS + whole.text[begin:], marks)


def _cut_after(whole: MarkedText, end: int) -> MarkedText:
    marks = [(start, min(stop, end)) for start, stop in whole.marks if start < end]
    return MarkedText(whole.text[:end].rstrip(_ELLIPSIS + " ") + _ELLIPSIS, marks)


def _starts(text: MarkedText, font: QFont, width: float, lines: int) -> list[int]:
    """Return with which character each line starts."""
    layout = _layout(text.text, font, lines)
    _break(layout, width)
    units = text.text.encode("utf-16-le", "surrogatepass")
    return [
        len(units[: 2 * layout.lineAt(at).textStart()].decode("utf-16-le", "replace"))
        for at in range(layout.lineCount())
    ]


def _layout(text: str, font: QFont, lines: int) -> QTextLayout:
    layout = QTextLayout(text, font)
    option = QTextOption()
    wrap = QTextOption.WrapMode
    # A single line is filled to its end, as Qt's own cut does.
    option.setWrapMode(wrap.WrapAnywhere if lines == 1 else wrap.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    return layout


def _break(layout: QTextLayout, width: float) -> None:
    layout.beginLayout()
    height = 0.0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(1.0, width))
        line.setPosition(QPointF(0, height))
        height += line.height()
    layout.endLayout()


def _units(text: str) -> int:
    """Count as Qt does, in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
