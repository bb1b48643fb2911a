"""The title of a chat, from the first line of its question. Pure; any thread.

Widgets shorten it further while painting, each for its own width.
"""

import unicodedata

_LONGEST = 120
_READ = 4000
_BOUNDARY = " ,.;:!?)]}/-–—，。；：！？、）」』》"
_JOINER = "\u200d"
_OPENERS = "#>*-`~ "


def title_of(text: str) -> str:
    """Return the first line of `text` that shows something, at most 120 characters, cut at a word.

    Chinese, Japanese and Korean can be cut between any two characters. Returns an empty string if
    there is nothing to show.
    """
    line = _first_line(text.strip()[:_READ])
    if len(line) <= _LONGEST:
        return line
    cut = _cut(line)
    end = cut
    while end > 0 and not _can_break(line, end):
        end -= 1
    # A single endless word (an address, a hash) is better cut than left out.
    end = end if end * 2 >= _LONGEST else cut
    return line[:end].rstrip(" ,.;:-–—，。；：、") + "…"


def _first_line(text: str) -> str:
    """Return the first line with more than markup on it, else what there is of markup."""
    lines = [_visible(line) for line in text.splitlines()]
    bare = (" ".join(line.lstrip(_OPENERS).split()) for line in lines)
    return next(filter(None, bare), "") or next(filter(None, lines), "")


def _visible(text: str) -> str:
    """Return `text` with single spaces and without invisible controls."""
    return "".join(
        letter
        for letter in " ".join(text.split())
        if letter == _JOINER or unicodedata.category(letter) not in {"Cc", "Cf", "Cs"}
    ).strip()


def _cut(line: str) -> int:
    """Return how many characters fit, leaving one for the ellipsis and no half character."""
    most = end = _LONGEST - 1
    while end > 0 and (_columns(line[end]) == 0 or line[end - 1] == _JOINER):
        end -= 1
    return end or most


def _can_break(line: str, place: int) -> bool:
    before, after = line[place - 1], line[place]
    return (
        after == " "
        or before in _BOUNDARY
        or (_columns(before) == 2 and _columns(after) > 0)
        or _columns(after) == 2
    )


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or letter == _JOINER or "\ufe00" <= letter <= "\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1
