"""The title of a chat, from the first words of its question. Pure; any thread."""

import unicodedata

_COLUMNS = 48
_READ = 400
_BOUNDARY = " ,.;:!?)]}/-–—，。；：！？、）」』》"
_JOINER = "\u200d"
_OPENERS = "#>*-`~ "


def title_of(text: str) -> str:
    """Return about 48 columns of `text` on one line, cut between words.

    Chinese, Japanese and Korean characters take two columns and can be cut between any two.
    Returns an empty string if there is nothing to show.
    """
    line = _one_line(text[:_READ])
    if _width(line) <= _COLUMNS:
        return line
    cut = _cut(line)
    end = cut
    while end > 0 and not _can_break(line, end):
        end -= 1
    # A single endless word (an address, a hash) is better cut than left out.
    end = end if _width(line[:end]) * 2 >= _COLUMNS else cut
    return line[:end].rstrip(" ,.;:-–—，。；：、") + "…"


def _one_line(text: str) -> str:
    """Return `text` without markup at its start, line breaks and invisible controls."""
    visible = "".join(
        letter
        for letter in " ".join(text.split())
        if letter == _JOINER or unicodedata.category(letter) not in {"Cc", "Cf", "Cs"}
    )
    return " ".join(visible.lstrip(_OPENERS).split()) or visible.strip()


def _cut(line: str) -> int:
    """Return how many characters fit, leaving a column for the ellipsis and no half character."""
    end = width = 0
    while end < len(line) and width + _columns(line[end]) < _COLUMNS:
        width += _columns(line[end])
        end += 1
    while 0 < end < len(line) and (_columns(line[end]) == 0 or line[end - 1] == _JOINER):
        end -= 1
    return end


def _can_break(line: str, place: int) -> bool:
    before, after = line[place - 1], line[place]
    return (
        after == " "
        or before in _BOUNDARY
        or (_width(before) == 2 and _width(after) > 0)
        or _width(after) == 2
    )


def _width(text: str) -> int:
    return sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or letter == _JOINER or "\ufe00" <= letter <= "\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1
