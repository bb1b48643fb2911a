"""A command line of Windows, taken apart as programs there do: `list2cmdline` the other way round.

Source: "Parsing C command-line arguments" of Microsoft's C runtime. Pure; any thread.
"""

import re
from typing import Final

_BEFORE_QUOTE: Final = re.compile(r'(\\*)(")')


def words_of(line: str) -> tuple[str, ...]:
    """Return the words of `line`: spaces part them, quotes hold them together.

    Backslashes stand for themselves, but before a quote: there two are one, and one makes the
    quote an ordinary character.
    """
    words: list[str] = []
    word: str | None = None
    is_quoted = False
    place = 0
    while place < len(line):
        escaped = _BEFORE_QUOTE.match(line, place)
        if escaped:
            slashes = len(escaped[1])
            word = (word or "") + "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                is_quoted = not is_quoted
            place = escaped.end()
            continue
        char = line[place]
        if char in " \t" and not is_quoted:
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + char
        place += 1
    return (*words, word) if word is not None else tuple(words)
