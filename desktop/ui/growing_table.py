"""A table that is still being written: each line is read once. Standard library; any thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from desktop.ui.markdown import MAX_CELLS, Block
from desktop.ui.markdown_parts import Part, Span, Table

__all__ = ["GrowingTable", "Read"]

Row: TypeAlias = tuple[tuple[Span, ...], ...]
Read: TypeAlias = Callable[[str], tuple[list[Block], Callable[[Block], list[Part]]]]
"""Returns the blocks of a text, and what makes the parts of one"""


@dataclass(slots=True)
class GrowingTable:
    """A table by its `head`, the two lines that begin it, and the lines that came below."""

    head: str
    read: Read
    lines: list[str] = field(default_factory=list[str])
    _rows: list[Row] = field(default_factory=list[Row])
    _aligns: tuple[str, ...] = ()

    def take(self, lines: Sequence[str]) -> int | None:
        """Add lines that are complete; return how many of them belong to the table.

        None: the table is too large to be one.
        """
        blocks, parts_of = self.read("\n".join([self.head, *lines]))
        first = parts_of(blocks[0])[0] if blocks else None
        if not isinstance(first, Table):
            return None
        taken = blocks[0].end - 2
        self._aligns = first.aligns
        self._rows += first.rows[1:] if self._rows else first.rows
        self.lines += lines[:taken]
        return None if len(self._rows) * len(self._aligns) > MAX_CELLS else taken

    def parts(self, last: str = "") -> list[Part]:
        """Return the table and what follows it, with the line `last` that may not be complete."""
        blocks, parts_of = self.read(f"{self.head}\n{last}")
        parts = [part for block in blocks for part in parts_of(block)]
        match parts:
            case [Table(rows=rows, aligns=aligns), *others]:
                return [Table(aligns, (*(self._rows or rows[:1]), *rows[1:])), *others]
            case _:
                return parts
