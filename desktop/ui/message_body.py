"""The Markdown of one message on the screen: running text, code blocks and tables in a column.

`show_parts` compares what is to be seen with what is seen and touches only the difference, so a
growing answer repaints its end and a selection above it stays. Running text changes in one step:
were it shorter for a moment, the layouts around it would fold up and hide it. A long text that is
settled is built in portions. GUI thread.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from PySide6.QtCore import QPointF, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.code_block import CodeBlock
from desktop.ui.markdown_parts import Code, Paragraph, Part, Rule, Table
from desktop.ui.markdown_portions import portions_of
from desktop.ui.message_segments import TableView, TextRun
from desktop.ui.text_formats import INDENT
from desktop.ui.tokens import Space
from desktop.ui.weakly import weakly

__all__ = ["MessageBody", "Segment"]

_FIRST_SECONDS = 0.002
_CODE_PORTION = 6_000
_ROWS_PORTION = 12

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
        self._unread: Iterator[list[Part]] | None = None
        self._unbuilt: deque[Part] = deque()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.M)

    def show_source(self, source: str) -> None:
        """Show a text that is settled, the beginning now and the rest with `build_more`."""
        self._keep(0)
        self._sure = 0
        self._unbuilt.clear()
        self._unread = portions_of(source)
        self.build_more(_FIRST_SECONDS)

    def build_more(self, seconds: float) -> bool:
        """Build more of the text of `show_source` for about `seconds`; return whether more is left.

        Some of it is built in any case.
        """
        end = time.perf_counter() + seconds
        while self._unbuilt or self._unread is not None:
            if self._unbuilt:
                self._build(self._unbuilt.popleft())
            elif self._unread is not None:
                parts = next(self._unread, None)
                if parts is None:
                    self._unread = None
                else:
                    self._unbuilt.extend(piece for part in parts for piece in _pieces(part))
            if self._shown and time.perf_counter() >= end:
                break
        return bool(self._unbuilt) or self._unread is not None

    def build_all(self) -> None:
        """Build what is left, however long that takes."""
        while self.build_more(1.0):
            pass

    def show_parts(self, settled: Sequence[Part], growing: Sequence[Part] = ()) -> None:
        """Show `settled` and then `growing`; those settled in an earlier call are not looked at."""
        self.build_all()
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
        for shown in self._shown[self._sure : len(settled)]:
            if isinstance(shown.segment, CodeBlock):
                shown.segment.settle()
        self._sure = len(settled)

    def finish(self, parts: Sequence[Part]) -> None:
        """Show `parts`, every one of them looked at once more; no more will come."""
        self._sure = 0
        self.show_parts(parts)

    def segments(self) -> list[Segment]:
        """Return what stands in the column, from top to bottom."""
        return list(dict.fromkeys(shown.segment for shown in self._shown))

    def note(self, number: int) -> str:
        """Return the words of a footnote; nothing if there are none."""
        for shown in reversed(self._shown):
            part = shown.part
            if isinstance(part, Paragraph) and part.small and part.marker == number:
                return "".join(span.text for span in part.spans)
        return ""

    def _build(self, piece: Part) -> None:
        """Show a piece: a part, or a longer version of the one that is shown last."""
        last = self._shown[-1].part if self._shown else None
        is_more = _is_longer(last, piece) and self._grow_in_place(len(self._shown) - 1, piece)
        if not is_more:
            self._add(piece)
        segment = self._shown[-1].segment
        following = self._unbuilt[0] if self._unbuilt else None
        if isinstance(segment, CodeBlock) and not _is_longer(piece, following):
            segment.settle()

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
                table = TableView(part, weakly(self.note, ""))
                table.link_followed.connect(self.link_meant)
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
        run = TextRun(weakly(self.note, ""))
        run.link_followed.connect(self.link_meant)
        self._layout.addWidget(run)
        return run

    def _place(self, segment: Segment, depth: int) -> None:
        if not depth:
            self._layout.addWidget(segment)
            return
        row = QWidget()
        inside = QHBoxLayout(row)
        inside.setContentsMargins(depth * INDENT, 0, 0, 0)
        inside.addWidget(segment)
        self._layout.addWidget(row)


def _pieces(part: Part) -> Iterator[Part]:
    """Yield a part that takes long to show as ever longer beginnings of it."""
    match part:
        case Code(text=text) if len(text) > _CODE_PORTION:
            cut = text.find("\n", _CODE_PORTION)
            while 0 < cut < len(text):
                yield replace(part, text=text[:cut])
                cut = text.find("\n", cut + _CODE_PORTION)
        case Table(rows=rows):
            for end in range(_ROWS_PORTION, len(rows), _ROWS_PORTION):
                yield replace(part, rows=rows[:end])
        case _:
            pass
    yield part


def _is_longer(short: Part | None, part: Part | None) -> bool:
    """Tell whether `part` is what follows `short` in `_pieces`."""
    match short, part:
        case Code(text=before), Code(text=text):
            is_more = len(before) >= _CODE_PORTION and text.startswith(before + "\n")
            return is_more and short.language == part.language
        case Table(rows=rows), Table(rows=more):
            return len(rows) % _ROWS_PORTION == 0 and len(more) > len(rows) and more[0] is rows[0]
        case _:
            return False


def _depth(part: Part) -> int:
    return part.depth if isinstance(part, Code | Table) else 0
