"""Rows of a terminal's lists, aligned also when they hold Chinese.

A terminal's width is made use of; a pipe gets each row on a line of its own, whole. Written here
and not by rich's tables, which cost a tenth of a second of imports and break paths in two.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len

from desktop.terminal.harmless import harmless
from desktop.terminal.output import Screen, Style, columns, fitted
from desktop.terminal.wrapping import wrapped

_GAP: Final = "  "
_LEAST_PROSE: Final = 24


def print_rows(
    rows: Iterable[Sequence[str]], screen: Screen, *, header: Sequence[str] = (), cut: bool = False
) -> None:
    """Print rows of as many cells each to `out`; the first cell stands out.

    The last cell may hold prose, which goes on below itself where the line is too short, or with
    `cut` ends there. A terminal too narrow for that gets each row on two lines, without a header.
    Columns that are empty but for their header are left out.
    """
    table = [[_one_line(cell) for cell in row] for row in rows]
    used = [place for place in range(len(table[0]) if table else 0) if any(r[place] for r in table)]
    if not used:
        return
    head = [_one_line(header[place]) for place in used] if header else []
    table = [[row[place] for place in used] for row in table]
    widths = [
        max(map(cell_len, column)) for column in zip(*filter(None, [head]), *table, strict=True)
    ]
    left = len(_GAP) * (len(used) - 1) + sum(widths[:-1])
    room = columns(screen.out) - left if screen.out.isatty() else widths[-1]
    if room < min(widths[-1], _LEAST_PROSE):
        for row in table:
            _print_stacked(row, screen, cut=cut)
        return
    if head:
        screen.line(_joined(head, widths), Style.FAINT)
    for row in table:
        if cut or cell_len(row[-1]) <= room:
            lines = [fitted(row[-1], room)]
        else:
            lines = wrapped(row[-1], room)
        screen.labelled(row[0], _joined([*row[:-1], lines[0]], widths))
        for line in lines[1:]:
            screen.line(" " * left + line)


def print_facts(rows: Iterable[tuple[str, str]], screen: Screen) -> None:
    """Print names with what they stand for, each line of it on a line of its own."""
    # Of what a file says of itself nothing may be left.
    table = [(name, shown) for name, value in rows if (shown := harmless(value))]
    width = max((cell_len(name) for name, _ in table), default=0)
    for name, value in table:
        first, *others = value.splitlines()
        screen.labelled(name, _padded(name, width) + _GAP + first)
        for line in others:
            screen.line(" " * width + _GAP + line)


def print_prose(text: str, screen: Screen) -> None:
    """Print sentences, broken between words where a terminal is too narrow for them."""
    for line in wrapped(text, columns(screen.out)) if screen.out.isatty() else [text]:
        screen.line(line)


def print_indented(text: str, screen: Screen) -> None:
    """Print sentences as `print_prose` does, a little to the right."""
    room = columns(screen.out) - len(_GAP)
    for line in wrapped(text, room) if screen.out.isatty() else [text]:
        screen.line(_GAP + line)


def _print_stacked(row: Sequence[str], screen: Screen, *, cut: bool) -> None:
    screen.labelled(row[0].lstrip(), row[0].lstrip())
    rest, room = _GAP.join(filter(None, row[1:])), columns(screen.out) - len(_GAP)
    for line in [fitted(rest, room)] if cut else wrapped(rest, room):
        screen.line(_GAP + line)


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (_padded(cell, width) for cell, width in zip(cells, widths, strict=True))
    return _GAP.join(padded).rstrip()


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))


def _one_line(cell: str) -> str:
    return harmless(cell).replace("\n", " ").replace("\t", " ").rstrip()
