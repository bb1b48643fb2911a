"""Paints what stands behind and beside text and is not text itself.

Markers of lists, bars of quotes, rules, and the ground of code within a line: Qt draws these with
hard edges or not at all. Only blocks that are to be seen are visited. GUI thread.
"""

from collections.abc import Iterator

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextBlock,
    QTextDocument,
    QTextFragment,
    QTextLine,
)

from desktop.ui.text_formats import CODE_SPAN, MARKER, QUOTE_DEPTH, QUOTE_STEP, RULE, TASK
from desktop.ui.tokens import LINE_HEIGHT, Size, Tokens

__all__ = ["paint_ground"]

_BAR = 3
_BULLET = 5.0
_BULLET_BEFORE = 13
_NUMBER_BEFORE = 8
_BOX = 13.0
_BOX_BEFORE = 21
_CHIP_ABOVE = 13
_CHIP_HEIGHT = 18
_CHIP_BESIDE = 2


def paint_ground(
    painter: QPainter,
    document: QTextDocument,
    area: QRectF,
    theme: Tokens,
    scale: float = 1.0,
    line: float = LINE_HEIGHT,
) -> None:
    """Paint the ground of the blocks of `document` that lie in `area`.

    `scale` is of its type, `line` how high a line is in sizes of it.
    """
    layout = document.documentLayout()
    at = layout.hitTest(area.topLeft(), Qt.HitTestAccuracy.FuzzyHit)
    block = document.findBlock(max(0, at))
    if block.previous().isValid():
        block = block.previous()
    while block.isValid():
        box = layout.blockBoundingRect(block)
        if box.top() > area.bottom():
            return
        form = block.blockFormat()
        if form.hasProperty(RULE):
            hair = QRectF(0, round(box.top()), document.textWidth(), 1)
            painter.fillRect(hair, QColor(theme.line))
        if form.hasProperty(QUOTE_DEPTH):
            _bars(painter, block, box, theme)
        if form.hasProperty(MARKER):
            _marker(painter, block, box, theme, scale, line)
        if form.hasProperty(CODE_SPAN):
            _chips(painter, block, box, theme, scale)
        block = block.next()


def _bars(painter: QPainter, block: QTextBlock, box: QRectF, theme: Tokens) -> None:
    form = block.blockFormat()
    lines = block.layout()
    last = lines.lineAt(lines.lineCount() - 1)
    high = max(lines.lineCount() * form.lineHeight(), last.y() + last.height())
    top, bottom = box.top(), box.top() + high
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.handle))
    before = block.previous().blockFormat().intProperty(QUOTE_DEPTH)
    for step in range(form.intProperty(QUOTE_DEPTH)):
        reach = form.topMargin() + _BAR if step < before else 0
        bar = QRectF(step * QUOTE_STEP, top - reach, _BAR, bottom - top + reach)
        painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)


def _marker(
    painter: QPainter,
    block: QTextBlock,
    box: QRectF,
    theme: Tokens,
    scale: float,
    line: float,
) -> None:
    form = block.blockFormat()
    first = block.layout().lineAt(0)
    left = box.left() + first.x()
    baseline = box.top() + first.y() + first.ascent()
    number = form.intProperty(MARKER)
    if form.hasProperty(TASK):
        at = QPointF(left, baseline - 5 * (scale - 1))
        _box(painter, at, theme, is_done=form.intProperty(TASK) == 2)
        return
    if number:
        font = block.document().defaultFont()
        is_small = form.lineHeight() < round(Size.BODY * line * scale)
        if is_small:
            font.setPixelSize(round(Size.SMALL * scale))
        painter.setFont(font)
        painter.setPen(QColor(theme.muted if is_small else theme.text))
        width = QFontMetricsF(font).horizontalAdvance(f"{number}.")
        painter.drawText(QPointF(left - _NUMBER_BEFORE - width, baseline), f"{number}.")
        return
    dot = QRectF(left - _BULLET_BEFORE - _BULLET / 2, baseline - 7.5 * scale, _BULLET, _BULLET)
    if form.indent() % 2:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.text))
    else:
        painter.setPen(QPen(QColor(theme.text), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(dot)


def _box(painter: QPainter, at: QPointF, theme: Tokens, *, is_done: bool) -> None:
    """Draw the box of a task; a tick tells that it is done."""
    box = QRectF(at.x() - _BOX_BEFORE, at.y() - _BOX + 1.5, _BOX, _BOX)
    painter.setPen(QPen(QColor(theme.accent if is_done else theme.muted), 1.3))
    painter.setBrush(QColor(theme.accent) if is_done else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, 3, 3)
    if is_done:
        pen = QPen(QColor(theme.on_accent), 1.7)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        tick = ((0.24, 0.53), (0.43, 0.71), (0.77, 0.31))
        painter.drawPolyline([QPointF(box.x() + x * _BOX, box.y() + y * _BOX) for x, y in tick])


def _chips(painter: QPainter, block: QTextBlock, box: QRectF, theme: Tokens, scale: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.raised))
    layout = block.layout()
    for fragment in _fragments(block):
        if not fragment.charFormat().hasProperty(CODE_SPAN):
            continue
        start = fragment.position() - block.position()
        end = start + fragment.length()
        for index in range(layout.lineForTextPosition(start).lineNumber(), layout.lineCount()):
            row = layout.lineAt(index)
            if row.textStart() >= end:
                break
            first, last = max(start, row.textStart()), min(end, row.textStart() + row.textLength())
            if first < last:
                left, right = _x(row, first), _x(row, last)
                painter.drawRoundedRect(
                    QRectF(
                        box.left() + left - _CHIP_BESIDE,
                        box.top() + row.y() + row.ascent() - _CHIP_ABOVE * scale,
                        right - left + 2 * _CHIP_BESIDE,
                        _CHIP_HEIGHT * scale,
                    ),
                    4,
                    4,
                )


def _fragments(block: QTextBlock) -> Iterator[QTextFragment]:
    at = block.begin()
    while not at.atEnd():
        yield at.fragment()
        at += 1


def _x(row: QTextLine, position: int) -> float:
    """Return where a character begins; Qt also gives back the position it settled for."""
    found = row.cursorToX(position)
    return float(found[0]) if isinstance(found, tuple) else float(str(found))
