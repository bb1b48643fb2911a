"""Markdown that is still being written, at a constant cost for each new piece.

A top-level block that another one follows cannot change any more: it is settled, its source is
dropped, and only the last block, the one that grows, is parsed again. A list settles item by item,
a table row by row, a code block line by line without the parser, and a very long paragraph is
parsed again only after it grew by a share of itself. Standard library and markdown-it; any thread.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from desktop.ui.growing_table import GrowingTable
from desktop.ui.markdown import Block, Notes, References, block_parts, blocks_of, parse, too_costly
from desktop.ui.markdown_parts import (
    Code,
    Paragraph,
    Part,
    Span,
    clean,
    code_language,
    code_text,
    fenced,
    plain_parts,
)

__all__ = ["GrowingMarkdown", "Progress"]

_LONG = 1_024
_SHARE = 16
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})([^\n]*)\n")
_DEEPEST_START = 3
_DEFINITION = re.compile(r"^[ >]*(?:[-*+]|\d+[.)])?[ >]*\[(?!\^\d{1,3}\])[^\]\n]+\]:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Progress:
    """All parts so far: `settled` ones stay for good, `growing` ones may be replaced."""

    settled: Sequence[Part]
    growing: Sequence[Part]


@dataclass(slots=True)
class _Fence:
    """A code block whose end has not come; `text` is as it is shown."""

    indent: int
    mark: str
    closing: re.Pattern[str]
    language: str
    text: str = ""

    def code(self, last: str = "") -> Code:
        """Return the block as it is, with the line `last` that is not complete."""
        return Code((self.text + last).removesuffix("\n"), self.language)


class GrowingMarkdown:
    """Takes pieces, gives parts. `parsed` counts the characters that went through the parser."""

    def __init__(self, references: References | None = None, notes: Notes | None = None) -> None:
        """Start empty; `references` and `notes` are those of the whole, where that is known."""
        self.parsed = 0
        self._source: list[str] = []
        self._settled: list[Part] = []
        self._growing: list[Part] = []
        self._tail = ""
        self._read = 0
        self._is_known = references is not None
        self._references: References = references or {}
        self._notes = notes or Notes(growing=True)
        self._number: int | None = None
        self._fence: _Fence | None = None
        self._table: GrowingTable | None = None
        self._is_huge = False

    def append(self, piece: str) -> None:
        """Add what came."""
        piece = piece.replace("\r", "")
        self._source.append(piece)
        self._tail += piece

    @property
    def source(self) -> str:
        """Everything that came."""
        return "".join(self._source)

    def progress(self) -> Progress:
        """Return the parts of what came so far."""
        while self._take_code() and self._take_rows() and self._take_blocks():
            pass
        return Progress(self._settled, self._with_unread())

    def finish(self) -> Progress:
        """Return the parts of the whole; nothing is guessed.

        It is read once more only where the end of a text changes how its beginning is read.
        """
        if self._is_guessed():
            self.parsed += len(self.source)
            return Progress(parse(self.source), ())
        self.progress()
        parts = [*self._settled, *self._last_parts()]
        return Progress(parts or plain_parts(self.source), ())

    def _is_guessed(self) -> bool:
        if self._is_known:
            return False
        return too_costly(self.source) or _DEFINITION.search(self.source) is not None

    def _last_parts(self) -> list[Part]:
        """Return the parts of the tail, to which nothing will come."""
        if self._fence is not None:
            return [self._fence.code(code_text(_unindented(self._tail, self._fence.indent)))]
        if self._table is not None:
            return self._table.parts(self._tail)
        self.parsed += len(self._tail)
        blocks = blocks_of(self._tail, dict(self._references), self._notes)
        return self._parts_of(blocks, self._tail.split("\n"))

    def _take_code(self) -> bool:
        """Read lines of an open code block; True when prose may follow."""
        fence = self._fence
        if fence is None:
            return True
        lines = self._tail.split("\n")
        self._tail = lines.pop()
        end = next((at for at, line in enumerate(lines) if fence.closing.fullmatch(line)), None)
        # In one go: each addition copies all that is there.
        fence.text += "".join(
            code_text(_unindented(line, fence.indent)) + "\n" for line in lines[:end]
        )
        if end is not None:
            self._settled.append(fenced(fence.code()))
            self._fence = None
            self._rest("\n".join([*lines[end + 1 :], self._tail]), [])
            return True
        may_close = self._tail.strip() and not self._tail.strip(" " + fence.mark)
        last = "" if may_close else code_text(_unindented(self._tail, fence.indent))
        self._growing = [fence.code(last)]
        return False

    def _take_rows(self) -> bool:
        """Read lines of an open table; True when something else may follow."""
        table = self._table
        if table is None:
            return True
        lines = self._tail.split("\n")
        last = lines.pop()
        taken = table.take(lines) if lines else 0
        if taken is None:
            self._table, self._is_huge = None, True
            before = [table.head, *table.lines[: len(table.lines) - len(lines)]]
            self._rest("\n".join([*before, self._tail]), [])
            return True
        if taken < len(lines):
            self._settled += table.parts()
            self._table = None
            self._rest("\n".join([*lines[taken:], last]), [])
            return True
        self._rest(last, table.parts(last))
        return False

    def _read_table(self, text: str) -> tuple[list[Block], Callable[[Block], list[Part]]]:
        self.parsed += len(text)
        lines = text.split("\n")
        blocks = blocks_of(text, dict(self._references), self._notes)
        return blocks, lambda block: block_parts(block, lines, self._notes)

    def _take_blocks(self) -> bool:
        """Parse the tail and settle what is complete; True when an open code block begins."""
        if self._too_early():
            return False
        self.parsed += len(self._tail)
        self._read = len(self._tail)
        references = dict(self._references)
        blocks = blocks_of(self._tail, references, self._notes, growing=True)
        lines = self._tail.split("\n")
        sure = blocks if _certain(blocks, lines) else blocks[:-1]
        if not sure:
            self._growing = self._parts_of(blocks, lines)
            return False
        cut = self._settle(sure, blocks[len(sure) :], lines)
        for label, found in references.items():
            if found["map"][1] <= cut:
                self._references.setdefault(label, found)
        if sure is not blocks:
            return False
        kind = blocks[-1].kind
        return (kind == "fence" and self._open_fence()) or (
            kind == "table_open" and self._open_table()
        )

    def _settle(self, sure: Sequence[Block], unsure: Sequence[Block], lines: Sequence[str]) -> int:
        """Settle what cannot change any more; return the line where the rest begins."""
        *done, last = sure
        self._settled += self._parts_of(done, lines)
        if done:
            self._number = None
            self._is_huge = False
        cut = last.start
        if _may_be_cut(last, lines):
            cut = last.items[-1][0]
            self._settled += block_parts(last, lines, self._notes, number=self._number, before=cut)
            if last.kind == "ordered_list_open":
                first = last.items[0][1] if self._number is None else self._number
                self._number = first + len(last.items) - 1
        growing = block_parts(last, lines, self._notes, number=self._number, since=cut)
        growing += [part for block in unsure for part in block_parts(block, lines, self._notes)]
        self._rest("\n".join(lines[cut:]), growing)
        return cut

    def _parts_of(self, blocks: Sequence[Block], lines: Sequence[str]) -> list[Part]:
        """Return the parts of the blocks at the head of the tail."""
        return [
            part
            for at, block in enumerate(blocks)
            for part in block_parts(
                block, lines, self._notes, number=self._number if at == 0 else None
            )
        ]

    def _open_fence(self) -> bool:
        found = _FENCE.match(self._tail)
        if found is None:
            return False
        indent, marks, info = found.groups()
        closing = re.compile(rf" {{0,3}}{re.escape(marks[0])}{{{len(marks)},}}[ \t]*")
        self._fence = _Fence(len(indent), marks[0], closing, code_language(info))
        self._tail = self._tail[found.end() :]
        return True

    def _open_table(self) -> bool:
        head = self._tail.split("\n", 2)
        if self._is_huge or len(head) < 3:
            return False
        self._table = GrowingTable("\n".join(head[:2]), self._read_table)
        self._tail = head[2]
        return True

    def _too_early(self) -> bool:
        """Tell whether a long tail should grow more before it is parsed again."""
        new = len(self._tail) - self._read
        return new == 0 or (self._read > _LONG and new * _SHARE < self._read)

    def _with_unread(self) -> Sequence[Part]:
        """Return the growing parts; a paragraph has what came after its parsing, as it came.

        The parser drops the space at the end of a paragraph, which is none once words follow.
        """
        fresh = "" if self._fence else clean(self._tail[self._read :])
        match self._growing:
            case [*before, Paragraph() as last] if fresh:
                parsed = self._tail[: self._read]
                gap = parsed[len(parsed.rstrip()) :] if last.spans else ""
                spans = (Span(gap), Span(fresh)) if gap else (Span(fresh),)
                return [*before, replace(last, spans=(*last.spans, *spans))]
            case _:
                return self._growing

    def _rest(self, tail: str, growing: list[Part]) -> None:
        self._tail = tail
        self._growing = growing
        self._read = len(tail) if growing else 0


def _certain(blocks: Sequence[Block], lines: Sequence[str]) -> bool:
    """Tell whether the last block is one, whatever the rest of its first line will be.

    That line is complete, or it follows a blank one and cannot belong to a list above.
    """
    if not blocks:
        return False
    start = blocks[-1].start
    if start + 1 < len(lines):
        return True
    above = blocks[-2].kind if len(blocks) > 1 else "paragraph_open"
    return not above.endswith("list_open") and (start == 0 or not lines[start - 1].strip())


def _may_be_cut(block: Block, lines: Sequence[str]) -> bool:
    if len(block.items) < 2:
        return False
    start = lines[block.items[-1][0]]
    indent = len(start) - len(start.lstrip(" "))
    return indent <= _DEEPEST_START and block.items[-1][0] + 1 < len(lines)


def _unindented(line: str, indent: int) -> str:
    kept = line.lstrip(" ")
    return line[min(indent, len(line) - len(kept)) :]
