"""What a message is made of on the screen: runs of text, and tables. GUI thread.

Code blocks are in `code_block`. Each of them is, or holds, a `RichText`.
"""

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QResizeEvent
from PySide6.QtWidgets import QTextEdit, QToolTip, QWidget

from desktop.ui.labels import plain_tooltip
from desktop.ui.markdown_parts import Paragraph, Rule, Span, Table
from desktop.ui.rich_text import RichText
from desktop.ui.text_formats import NOTE_SCHEME
from desktop.ui.text_table import TableWriter

__all__ = ["TableView", "TextRun"]

_LETTER = 8.0
# Wide ones: a word may be made of these alone.
_LETTERS = "abcdeghmnopqsuwxyz0123456789"
_WORD = re.compile(r"[\u1100-\uffff]|[^\s\u1100-\uffff]+")
_LONGEST_WORD = 24
_SHORT_CELL = 14
_CELL_ROOM = 32


class Words(RichText):
    """Text that may point at footnotes: the words of one are shown where the pointer rests.

    A footnote's number leads nowhere, so that it is no link for those around.
    """

    link_followed = Signal(str, QPointF)
    """(address, global position); never a footnote"""

    def __init__(self, note: Callable[[int], str], parent: QWidget | None = None) -> None:
        """Show nothing yet; `note` gives the words of a footnote."""
        super().__init__(parent=parent)
        self._note = note
        self.link_meant.connect(self._on_link_meant)

    def link_at(self, point: QPointF) -> str:
        """Return the address under a point of the viewport, or nothing."""
        found = super().link_at(point)
        return "" if found.startswith(NOTE_SCHEME) else found

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            words = self._words(self.anchorAt(event.pos()))
            if words:
                QToolTip.showText(event.globalPos(), plain_tooltip(words), self.viewport())
                return True
        return super().viewportEvent(event)

    def _words(self, address: str) -> str:
        number = address.removeprefix(NOTE_SCHEME)
        return self._note(int(number)) if address != number and number.isdecimal() else ""

    def _on_link_meant(self, address: str, where: QPointF) -> None:
        if address.startswith(NOTE_SCHEME):
            words = plain_tooltip(self._words(address))
            QToolTip.showText(QPoint(round(where.x()), round(where.y())), words, self.viewport())
        else:
            self.link_followed.emit(address, where)


class TextRun(Words):
    """Paragraphs, headings, list items and rules, one below the other."""

    def __init__(self, note: Callable[[int], str]) -> None:
        """Show nothing yet; `note` gives the words of a footnote."""
        super().__init__(note)
        self._parts: list[Paragraph | Rule] = []
        self._starts: list[int] = []
        self.restyled.connect(self._write_all)

    def add(self, part: Paragraph | Rule) -> None:
        """Write `part` at the end."""
        above = self._parts[-1] if self._parts else None
        self._starts.append(self.writer().paragraph(part, above))
        self._parts.append(part)
        self._notice(part)

    def replace_last(self, part: Paragraph | Rule) -> None:
        """Show `part` instead of the last one."""
        above = self._parts[-2] if len(self._parts) > 1 else None
        self.writer().rewrite(self._starts[-1], self._parts[-1], part, above)
        self._parts[-1] = part
        self._notice(part)

    def keep(self, count: int) -> None:
        """Remove all but the first `count` parts."""
        if count < len(self._parts):
            self.writer().cut(self._starts[count])
            del self._parts[count:], self._starts[count:]

    def __len__(self) -> int:
        return len(self._parts)

    def _notice(self, part: Paragraph | Rule) -> None:
        if isinstance(part, Paragraph):
            if _leads_on(part.spans):
                self.set_has_links(True)
            if any(span.math for span in part.spans):
                # Of a formula, only its source can be read out.
                self.setAccessibleDescription(_said(self._parts))

    def _write_all(self) -> None:
        parts, self._parts, self._starts = self._parts, [], []
        self.clear_text()
        for part in parts:
            self.add(part)


class TableView(Words):
    """One table: as wide as the column, or wider, to be moved sideways, where words would break."""

    def __init__(self, part: Table, note: Callable[[int], str]) -> None:
        """Show `part`; `note` gives the words of a footnote."""
        super().__init__(note)
        self._part = part
        self._needs: list[float] = []
        self._measured = 0
        self._writer: TableWriter | None = None
        self.restyled.connect(self._write_all)
        self.show_table(part)

    def show_table(self, part: Table) -> None:
        """Show `part` instead; what was only added to is only added to."""
        writer = self._writer
        if writer is None or not writer.takes(part):
            self.clear_text()
            self._needs, self._measured = [], 0
            writer = self._writer = self.writer().table()
        writer.show(part)
        self._part = part
        fresh = part.rows[self._measured :]
        self._measure(fresh)
        self._measured = max(0, len(part.rows) - 1)
        if any(_leads_on(cell) for row in fresh for cell in row):
            self.set_has_links(True)
        self._fit_width()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_width()

    def _write_all(self) -> None:
        self._writer = None
        self.show_table(self._part)

    def _measure(self, rows: Sequence[tuple[tuple[Span, ...], ...]]) -> None:
        """Learn how wide each column must be so that its words stay whole."""
        letter = _letter_width(self.font())
        for row in rows:
            for at, cell in enumerate(row):
                need = _letters_needed(cell) * letter
                if at == len(self._needs):
                    self._needs.append(need)
                self._needs[at] = max(self._needs[at], need)

    def _fit_width(self) -> None:
        needed = round((sum(self._needs) + _CELL_ROOM * len(self._needs)) * self._scale)
        is_wide = needed > self.viewport().width() > 0
        if is_wide != (self.lineWrapMode() == QTextEdit.LineWrapMode.FixedPixelWidth):
            self.set_sideways(is_wide)
        if is_wide and self.lineWrapColumnOrWidth() != needed:
            self.setLineWrapColumnOrWidth(needed)


def _letters_needed(cell: tuple[Span, ...]) -> int:
    text = "".join(span.text for span in cell)
    if len(text) <= _SHORT_CELL:
        return sum(2 if char > "\u1100" else 1 for char in text)
    longest = max((len(word) for word in _WORD.findall(text[:2_000])), default=0)
    return max(_SHORT_CELL, min(longest, _LONGEST_WORD))


def _letter_width(font: QFont) -> float:
    """Return the width of a letter as headings have it, in pixels."""
    bold = QFont(font)
    bold.setBold(True)
    return max(_LETTER, QFontMetricsF(bold).horizontalAdvance(_LETTERS) / len(_LETTERS))


def _leads_on(spans: Sequence[Span]) -> bool:
    return any(span.link or span.note for span in spans)


def _said(parts: Sequence[Paragraph | Rule]) -> str:
    return "\n".join(
        "".join(span.text for span in part.spans) for part in parts if isinstance(part, Paragraph)
    )
