"""Writes tables into a text document, row by row: what was written is not written again.

GUI thread.
"""

from collections.abc import Sequence

from PySide6.QtGui import (
    QColor,
    QFont,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextTable,
)

from desktop.ui.markdown_parts import Span, Table
from desktop.ui.text_formats import cell_block_format, cell_format, table_format
from desktop.ui.text_spans import write_spans
from desktop.ui.tokens import LINE_HEIGHT, Size, Tokens

__all__ = ["TableWriter"]

_PIXEL_SIZE = QTextFormat.Property.FontPixelSize.value


class TableWriter:
    """Keeps the only table of a document in step with a `Table` that may grow."""

    def __init__(
        self,
        document: QTextDocument,
        theme: Tokens,
        scale: float = 1.0,
        line: float = LINE_HEIGHT,
    ) -> None:
        """Know of no table yet; the document is empty."""
        self._document = document
        self._theme = theme
        self._scale = scale
        self._line = line
        self._table: QTextTable | None = None
        self._shown: Table | None = None

    def takes(self, part: Table) -> bool:
        """Tell whether `show` can turn what is shown into `part` by adding to its end."""
        old = self._shown
        if old is None:
            return True
        same = len(old.rows) - 1
        return (
            len(part.rows) > same
            and part.aligns == old.aligns
            and _columns(part) == _columns(old)
            and part.rows[:same] == old.rows[:same]
        )

    def show(self, part: Table) -> None:
        """Show `part`, which `takes` was asked about; only the last row and new ones are written."""
        old, self._shown = self._shown, part
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        if self._table is None:
            self._table = cursor.insertTable(len(part.rows), _columns(part), table_format())
            changed = 0
        else:
            before = len(old.rows) if old is not None else 0
            same = old is not None and part.rows[before - 1] == old.rows[before - 1]
            changed = before if same else before - 1
            if len(part.rows) > before:
                self._table.appendRows(len(part.rows) - before)
        for at in range(changed, len(part.rows)):
            self._write_row(self._table, part, at)
        cursor.endEditBlock()

    def _write_row(self, table: QTextTable, part: Table, at: int) -> None:
        row = part.rows[at]
        for column in range(table.columns()):
            cell = table.cellAt(at, column)
            cell.setFormat(cell_format(self._theme, first=column == 0, header=at == 0))
            cursor = cell.firstCursorPosition()
            cursor.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            spans = row[column] if column < len(row) else ()
            align = part.aligns[column] if column < len(part.aligns) else "left"
            self._write_cell(cursor, spans, align, header=at == 0)

    def _write_cell(
        self, cursor: QTextCursor, spans: Sequence[Span], align: str, *, header: bool
    ) -> None:
        form = cell_block_format(tuple(spans), align, self._scale, self._line)
        cursor.setBlockFormat(form)
        base = QTextCharFormat()
        base.setForeground(QColor(self._theme.text))
        if self._scale != 1:
            base.setProperty(_PIXEL_SIZE, round(Size.BODY * self._scale))
        if header:
            base.setFontWeight(QFont.Weight.DemiBold)
        write_spans(cursor, spans, base, self._theme, self._scale)


def _columns(part: Table) -> int:
    return max(len(row) for row in part.rows)
