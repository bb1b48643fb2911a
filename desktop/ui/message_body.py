"""The Markdown of one message on the screen: running text, code blocks and tables in a column.

`show_parts` compares what is to be seen with what is seen and touches only the difference, so a
growing answer repaints its end and a selection above it stays. Running text changes in one step:
were it shorter for a moment, the layouts around it would fold up and hide it. GUI thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from PySide6.QtCore import QPointF, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.code_block import CodeBlock
from desktop.ui.markdown_parts import Code, Paragraph, Part, Rule, Span, Table
from desktop.ui.rich_text import RichText
from desktop.ui.tokens import Space

__all__ = ["MessageBody", "TableView"]

_INDENT = 24


class TableView(RichText):
    """One table, as wide as the column."""

    def __init__(self, part: Table, parent: QWidget | None = None) -> None:
        """Show `part`."""
        super().__init__(parent=parent)
        self._part = part
        self.restyled.connect(lambda: self.show_table(self._part))
        self.show_table(part)

    def show_table(self, part: Table) -> None:
        """Show `part` instead."""
        self._part = part
        writer = self.writer()
        writer.begin()
        self.clear_text()
        self.writer().table(part)
        writer.end()
        self.set_has_links(any(_has_links(cell) for row in part.rows for cell in row))


class TextRun(RichText):
    """Paragraphs, headings, list items and rules, one below the other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent=parent)
        self._parts: list[Paragraph | Rule] = []
        self._starts: list[int] = []
        self.restyled.connect(self._write_all)

    def add(self, part: Paragraph | Rule) -> None:
        """Write `part` at the end."""
        above = self._parts[-1] if self._parts else None
        self._starts.append(self.writer().paragraph(part, above))
        self._parts.append(part)
        if isinstance(part, Paragraph) and _has_links(part.spans):
            self.set_has_links(True)

    def replace_last(self, part: Paragraph | Rule) -> None:
        """Show `part` instead of the last one."""
        above = self._parts[-2] if len(self._parts) > 1 else None
        self.writer().rewrite(self._starts[-1], self._parts[-1], part, above)
        self._parts[-1] = part
        if isinstance(part, Paragraph) and _has_links(part.spans):
            self.set_has_links(True)

    def keep(self, count: int) -> None:
        """Remove all but the first `count` parts."""
        if count < len(self._parts):
            self.writer().cut(self._starts[count])
            del self._parts[count:], self._starts[count:]

    def __len__(self) -> int:
        return len(self._parts)

    def _write_all(self) -> None:
        parts, self._parts, self._starts = self._parts, [], []
        self.clear_text()
        for part in parts:
            self.add(part)


Segment: TypeAlias = TextRun | CodeBlock | TableView


@dataclass(frozen=True, slots=True)
class _Shown:
    """A part on the screen: where, and as which one of a run of text."""

    part: Part
    segment: Segment
    index: int


class MessageBody(QWidget):
    """Shows parts of Markdown; tells which link a person means."""

    link_meant = Signal(str, QPointF)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._shown: list[_Shown] = []
        self._sure = 0
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.M)

    def show_parts(self, settled: Sequence[Part], growing: Sequence[Part] = ()) -> None:
        """Show `settled` and then `growing`; those settled in an earlier call are not looked at."""
        self._sure = min(self._sure, len(self._shown), len(settled))
        wanted = [*settled[self._sure :], *growing]
        same = self._sure
        for shown, part in zip(self._shown[self._sure :], wanted, strict=False):
            if shown.part != part:
                break
            same += 1
        changed = self._shown[min(same, len(self._shown) - 1)].segment if self._shown else None
        writer = changed.writer() if isinstance(changed, TextRun) else None
        if writer is not None:
            writer.begin()
        if same < len(self._shown) and same - self._sure < len(wanted):
            same += self._grow_in_place(same, wanted[same - self._sure])
        self._keep(same)
        for part in wanted[same - self._sure :]:
            self._add(part)
        if writer is not None:
            writer.end()
        self._sure = len(settled)

    def finish(self, parts: Sequence[Part]) -> None:
        """Show `parts`, every one of them looked at once more; no more will come."""
        self._sure = 0
        self.show_parts(parts)
        for segment in self.segments():
            if isinstance(segment, CodeBlock):
                segment.settle()

    def segments(self) -> list[Segment]:
        """Return what stands in the column, from top to bottom."""
        return list(dict.fromkeys(shown.segment for shown in self._shown))

    def _grow_in_place(self, at: int, part: Part) -> bool:
        """Let what stands there take its new content without being made again."""
        shown = self._shown[at]
        match shown.segment, part:
            case CodeBlock() as block, Code(depth=depth) if depth == _depth(shown.part):
                block.show_code(part)
            case TableView() as table, Table(depth=depth) if depth == _depth(shown.part):
                table.show_table(part)
            case TextRun() as run, Paragraph() | Rule():
                self._keep(at + 1)
                run.replace_last(part)
            case _:
                return False
        self._shown[at] = _Shown(part, shown.segment, shown.index)
        return True

    def _keep(self, count: int) -> None:
        kept = {shown.segment for shown in self._shown[:count]}
        gone = self._shown[count:]
        del self._shown[count:]
        for shown in gone:
            if shown.segment in kept:
                if isinstance(shown.segment, TextRun):
                    shown.segment.keep(min(shown.index, len(shown.segment)))
            else:
                self._remove(shown.segment)
                kept.add(shown.segment)

    def _remove(self, segment: Segment) -> None:
        parent = segment.parentWidget()
        row = segment if parent is None or parent is self else parent
        self._layout.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _add(self, part: Part) -> None:
        match part:
            case Code():
                segment: Segment = CodeBlock(part)
                self._place(segment, part.depth)
            case Table():
                table = TableView(part)
                table.link_meant.connect(self.link_meant)
                self._place(table, part.depth)
                segment = table
            case Paragraph() | Rule():
                run = self._run()
                run.add(part)
                segment = run
        index = len(segment) - 1 if isinstance(segment, TextRun) else 0
        self._shown.append(_Shown(part, segment, index))

    def _run(self) -> TextRun:
        last = self._shown[-1].segment if self._shown else None
        if isinstance(last, TextRun):
            return last
        run = TextRun()
        run.link_meant.connect(self.link_meant)
        self._layout.addWidget(run)
        return run

    def _place(self, segment: Segment, depth: int) -> None:
        if not depth:
            self._layout.addWidget(segment)
            return
        row = QWidget()
        inside = QHBoxLayout(row)
        inside.setContentsMargins(depth * _INDENT, 0, 0, 0)
        inside.addWidget(segment)
        self._layout.addWidget(row)


def _has_links(spans: Sequence[Span]) -> bool:
    return any(span.link for span in spans)


def _depth(part: Part) -> int:
    return part.depth if isinstance(part, Code | Table) else 0
