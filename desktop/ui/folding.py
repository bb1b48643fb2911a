"""How much of a long question is shown before somebody asks for the rest. Pure; any thread."""

import unicodedata

__all__ = ["beginning"]

_MOST_LINES = 15
_SHOWN_LINES = 12
_LINE = 80
"""Narrow letters in a line of a bubble as wide as it gets; a Chinese character takes two."""
_WIDE = frozenset("WF")
_LONGEST_WORD = 24


def beginning(text: str) -> str | None:
    """Return the first dozen lines of `text` as it will be wrapped; None if it is short enough.

    Widths are guessed: what is cut off is a matter of taste, not of pixels. Of however long a text,
    only the beginning is looked at.
    """
    lines = column = 0
    cut = len(text)
    for at, char in enumerate(text):
        if char == "\n":
            lines, column = lines + 1, 0
        else:
            column += 2 if unicodedata.east_asian_width(char) in _WIDE else 1
            if column > _LINE:
                lines, column = lines + 1, 1
        if lines == _SHOWN_LINES and cut == len(text):
            cut = at
        if lines >= _MOST_LINES:
            return text[: _word_end(text, cut)].rstrip()
    return None


def _word_end(text: str, cut: int) -> int:
    """Return where the last whole word before `cut` ends; `cut` where no word is that short."""
    for at in range(cut, max(0, cut - _LONGEST_WORD), -1):
        if text[at].isspace() or unicodedata.east_asian_width(text[at - 1]) in _WIDE:
            return at
    return cut
