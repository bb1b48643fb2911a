"""Markdown that is still being written, at a constant cost for each new piece.

A top-level block that another one follows cannot change any more: it is settled, its source is
dropped, and only the last block, the one that grows, is parsed again. A list settles item by item,
a code block line by line without the parser, and a very long paragraph or table is parsed again
only after it grew by a share of itself. Standard library and markdown-it; any thread.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from desktop.ui.markdown import Block, References, block_parts, blocks_of, parse
from desktop.ui.markdown_parts import Code, Paragraph, Part, Span, clean, code_language, code_text

__all__ = ["GrowingMarkdown", "Progress"]

_LONG = 1_024
_SHARE = 16
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})([^\n]*)\n")
_DEEPEST_START = 3


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

    def __init__(self) -> None:
        """Start empty."""
        self.parsed = 0
        self._source: list[str] = []
        self._settled: list[Part] = []
        self._growing: list[Part] = []
        self._tail = ""
        self._read = 0
        self._references: References = {}
        self._number: int | None = None
        self._fence: _Fence | None = None

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
        while self._take_code() and self._take_blocks():
            pass
        return Progress(self._settled, self._with_unread())

    def finish(self) -> Progress:
        """Return the parts of the whole, read once more in one go, so that nothing is guessed."""
        self.parsed += len(self.source)
        return Progress(parse(self.source), ())

    def _take_code(self) -> bool:
        """Read lines of an open code block; True when prose may follow."""
        fence = self._fence
        if fence is None:
            return True
        lines = self._tail.split("\n")
        self._tail = lines.pop()
        for at, line in enumerate(lines):
            if fence.closing.fullmatch(line):
                self._settled.append(fence.code())
                self._fence = None
                self._rest("\n".join([*lines[at + 1 :], self._tail]), [])
                return True
            fence.text += code_text(_unindented(line, fence.indent)) + "\n"
        may_close = self._tail.strip() and not self._tail.strip(" " + fence.mark)
        last = "" if may_close else code_text(_unindented(self._tail, fence.indent))
        self._growing = [fence.code(last)]
        return False

    def _take_blocks(self) -> bool:
        """Parse the tail and settle what is complete; True when an open code block begins."""
        if self._too_early():
            return False
        self.parsed += len(self._tail)
        self._read = len(self._tail)
        references = dict(self._references)
        blocks = blocks_of(self._tail, references)
        lines = self._tail.split("\n")
        sure = blocks if _certain(blocks, lines) else blocks[:-1]
        if not sure:
            self._growing = self._parts_of(blocks, lines)
            return False
        cut = self._settle(sure, blocks[len(sure) :], lines)
        for label, found in references.items():
            if found["map"][1] <= cut:
                self._references.setdefault(label, found)
        return sure is blocks and blocks[-1].kind == "fence" and self._open_fence()

    def _settle(self, sure: Sequence[Block], unsure: Sequence[Block], lines: Sequence[str]) -> int:
        """Settle what cannot change any more; return the line where the rest begins."""
        *done, last = sure
        self._settled += self._parts_of(done, lines)
        if done:
            self._number = None
        cut = last.start
        if _may_be_cut(last, lines):
            cut = last.items[-1][0]
            self._settled += block_parts(last, lines, number=self._number, before=cut)
            if last.kind == "ordered_list_open":
                first = last.items[0][1] if self._number is None else self._number
                self._number = first + len(last.items) - 1
        growing = block_parts(last, lines, number=self._number, since=cut)
        growing += [part for block in unsure for part in block_parts(block, lines)]
        self._rest("\n".join(lines[cut:]), growing)
        return cut

    def _parts_of(self, blocks: Sequence[Block], lines: Sequence[str]) -> list[Part]:
        """Return the parts of the blocks at the head of the tail."""
        return [
            part
            for at, block in enumerate(blocks)
            for part in block_parts(block, lines, number=self._number if at == 0 else None)
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
