"""The Markdown of help pages as lines of a terminal: broken to its width, code as it stands.

Knows what these pages are made of and no more: headings, lists, fenced code, tables, and
paragraphs, each item and paragraph on a line of its own; in them strong words, code and links.
Pure.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from rich.cells import cell_len

from desktop.domain.help_page import linked_topic
from desktop.terminal.output import Style
from desktop.terminal.wrapping import wrapped

__all__ = ["Line", "help_lines"]

Line: TypeAlias = tuple[tuple[str, Style], ...]
"""Runs of one look each, from left to right."""

_HEADING: Final = re.compile(r"(#{1,3}) +(.+)")
_ITEM: Final = re.compile(r"(?P<mark>-|[0-9]+\.) (?P<text>.*)")
_RULE: Final = re.compile(r"\|(?: *:?-+:? *\|)+")
_LINK: Final = re.compile(r"\[(?P<words>[^\]]+)\]\((?P<address>[^)]+)\)")
_CODE: Final = re.compile(r"`([^`]+)`")
_STRONG: Final = re.compile(r"\*\*(.+?)\*\*")
_FENCE: Final = "```"
_INDENT: Final = "    "
_GAP: Final = "  "
_LEAST_CELL: Final = 10
# Signs without a width while lines are broken: here another look begins.
_PLAIN: Final = "\x01"
_AS_STRONG: Final = "\x02"
_AS_CODE: Final = "\x03"
_LOOKS: Final = {_PLAIN: Style.PLAIN, _AS_STRONG: Style.STRONG, _AS_CODE: Style.ACCENT}
_SIGN: Final = re.compile(f"([{_PLAIN}{_AS_STRONG}{_AS_CODE}])")
_FIXED_SPACE: Final = "\u00a0"


def help_lines(markdown: str, width: int, *, colours: bool) -> Iterator[Line]:
    """Yield a page in lines of at most `width` cells; code is never broken.

    Without `colours` the code in a sentence keeps its marks, as nothing else would tell it apart.
    """
    in_code, rows = False, list[str]()
    for line in [*markdown.splitlines(), ""]:
        if rows and not line.startswith("|"):
            yield from _table(rows, width, colours=colours)
            rows.clear()
        if line.startswith(_FENCE):
            in_code = not in_code
        elif in_code:
            yield ((_INDENT + line, Style.PLAIN),)
        elif line.startswith("|"):
            if not _RULE.fullmatch(line):
                rows.append(line)
        elif found := _HEADING.fullmatch(line):
            look = Style.STRONG if len(found[1]) > 1 else Style.ACCENT
            yield from (((text, look),) for text in wrapped(found[2], width))
        elif found := _ITEM.fullmatch(line):
            mark = _GAP + ("•" if found["mark"] == "-" else found["mark"]) + " "
            room = width - cell_len(mark)
            texts = wrapped(_marked(found["text"], colours=colours), room)
            for number, runs in enumerate(_in_looks(texts)):
                yield ((mark if number == 0 else " " * cell_len(mark), Style.PLAIN), *runs)
        elif line:
            yield from _in_looks(wrapped(_marked(line, colours=colours), width))
        else:
            yield ()


def _marked(text: str, *, colours: bool, whole: bool = True) -> str:
    """Return a sentence with signs where its looks begin and end, and links as words.

    What is `whole` has its code on one line each.
    """
    text = _LINK.sub(_told, text)
    text = _STRONG.sub(f"{_AS_STRONG}\\1{_PLAIN}", text)
    return _CODE.sub(lambda found: _code(found[1], colours=colours, whole=whole), text)


def _told(link: re.Match[str]) -> str:
    """Return the words of a link, and how to get there."""
    topic = linked_topic(link["address"])
    return f"{link['words']} (`lapis help {topic}`)" if topic else link["address"]


def _code(text: str, *, colours: bool, whole: bool) -> str:
    shown = text.replace(" ", _FIXED_SPACE) if whole else text
    return f"{_AS_CODE}{shown}{_PLAIN}" if colours else f"`{shown}`"


def _in_looks(lines: Sequence[str]) -> Iterator[Line]:
    """Yield lines with signs as runs; a look goes on over the end of its line."""
    look = Style.PLAIN
    for line in lines:
        runs: list[tuple[str, Style]] = []
        for piece in _SIGN.split(line):
            if piece in _LOOKS:
                look = _LOOKS[piece]
            elif piece:
                runs.append((piece.replace(_FIXED_SPACE, " "), look))
        yield tuple(runs)


def _table(rows: Sequence[str], width: int, *, colours: bool) -> Iterator[Line]:
    """Yield a table, its first row as a head; columns that are too wide go on below themselves."""
    table = [
        [_marked(cell.strip(), colours=colours, whole=False) for cell in row.strip("|").split("|")]
        for row in rows
    ]
    widths = _shared([max(map(cell_len, column)) for column in zip(*table, strict=True)], width)
    for number, row in enumerate(table):
        cells = [
            list(_in_looks(wrapped(cell, room))) for cell, room in zip(row, widths, strict=True)
        ]
        for height in range(max(map(len, cells))):
            runs: list[tuple[str, Style]] = []
            for cell, room in zip(cells, widths, strict=True):
                line = cell[height] if height < len(cell) else ()
                # A head has one look, whatever it is made of.
                runs += [(text, Style.STRONG if number == 0 else look) for text, look in line]
                used = sum(cell_len(text) for text, _ in line)
                runs.append((" " * (room - used) + _GAP, Style.PLAIN))
            yield _trimmed(runs)


def _shared(wanted: list[int], width: int) -> list[int]:
    """Return widths that fit together into `width`; the widest give way first."""
    room = width - len(_GAP) * (len(wanted) - 1)
    widths = list(wanted)
    while sum(widths) > room and max(widths) > _LEAST_CELL:
        widths[widths.index(max(widths))] -= 1
    return widths


def _trimmed(runs: list[tuple[str, Style]]) -> Line:
    """Return a line without the spaces at its end."""
    while runs and not runs[-1][0].strip():
        runs.pop()
    return tuple(runs)
