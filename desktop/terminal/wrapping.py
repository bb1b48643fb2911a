"""Text broken into lines for a terminal, in which a Chinese sign takes two cells. Pure functions."""

from collections.abc import Iterator

from rich.cells import cell_len

_NO_LINE_STARTS = "，。、；：？！）》」” ,.;:?!)]}%…"
_NO_LINE_ENDS = "（《「“"


def wrapped(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells, broken at spaces or between wide signs.

    No line begins with a closing mark.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and cell_len(line) + cell_len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> Iterator[str]:
    piece = ""
    for sign in text:
        wide = cell_len(sign) > 1 or cell_len(piece[-1:]) > 1
        if piece and wide and sign not in _NO_LINE_STARTS and piece[-1] not in _NO_LINE_ENDS:
            yield piece
            piece = ""
        piece += sign
        if sign == " ":
            yield piece
            piece = ""
    yield piece
