"""Which words of a text a dictionary can be asked about.

Left out is what no dictionary knows: code, addresses, paths, names with digits or capitals inside,
abbreviations, and every script but the Latin one. Pure functions, any thread.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Word", "moved", "words_of"]

_LATIN = "A-Za-zªºÀ-ÖØ-öø-ɏḀ-ỿ"
_KEPT_LINES = 1024
_LONGEST_WORD = 40
_SHORTEST_WORD = 2

# What stands between spaces and scripts that have none: a word with what is written around it.
_CHUNK = re.compile(r"[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\uffef]+")
_AROUND = "()[]\"'“”‘’„«»‹›*_~.,;:!?…¡¿—–-"
# Addresses, paths, mentions, tags, markup, versions, names of files, options.
_NO_PROSE = re.compile(r"[\d_@/\\#$%=<>&{}|~^+]|\w(?:\.|::?)\w|^--?\w")
_CALL = "()"
_HIDDEN = re.compile(r"\.\w")
_WORD = re.compile(rf"[{_LATIN}]+(?:['’][{_LATIN}]+)*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_TICKS = re.compile(r"`+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word from `begin` to before `end`, counted in characters of the text it stands in."""

    begin: int
    end: int
    text: str


def words_of(text: str) -> Iterator[tuple[Word, ...]]:
    """Yield the words of each line that has any, as they stand in `text`."""
    fence, begin = "", 0
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence:
            closes = found is not None and not found[2].strip() and found[1].startswith(fence)
            fence = "" if closes else fence
        elif found is not None and "`" not in found[2]:
            fence = found[1]
        else:
            words = _words_of_line(line)
            if words:
                yield tuple(Word(begin + word.begin, begin + word.end, word.text) for word in words)
        begin += len(line) + 1


def moved(words: Sequence[Word], before: str, after: str) -> tuple[Word, ...]:
    """Return where `words` of the text `before` are in `after`, those that were touched left out.

    Both texts are taken to differ in one place.
    """
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    changed, longer = len(before) - tail, len(after) - len(before)
    out = []
    for word in words:
        if word.end < head or (word.end == head and not _goes_on(after, head)):
            out.append(word)
        elif word.begin > changed or (
            word.begin == changed and not _goes_on(after, changed + longer - 1)
        ):
            out.append(Word(word.begin + longer, word.end + longer, word.text))
    return tuple(out)


@lru_cache(maxsize=_KEPT_LINES)
def _words_of_line(line: str) -> tuple[Word, ...]:
    """Return the words of one line that is no code; only lines that changed are read again."""
    prose = _without_code(line)
    out = []
    for chunk in _CHUNK.finditer(prose):
        core = chunk[0].strip(_AROUND) if chunk[0][:1] != "-" else chunk[0].rstrip(_AROUND)
        is_call = _CALL in chunk[0]
        if not core or is_call or _HIDDEN.match(chunk[0]) or _NO_PROSE.search(core):
            continue
        begin = chunk.start() + chunk[0].index(core)
        out += [
            Word(begin + found.start(), begin + found.end(), found[0])
            for found in _WORD.finditer(core)
            if _is_asked(found, core)
        ]
    return tuple(out)


def _is_asked(found: re.Match[str], core: str) -> bool:
    word = found[0]
    around = core[found.start() - 1 : found.start()] + core[found.end() : found.end() + 1]
    return (
        _SHORTEST_WORD <= len(word) <= _LONGEST_WORD
        # Capitals inside: abbreviations, and names that are put together.
        and word[1:] == word[1:].lower()
        # Letters of another alphabet, or an accent on its own, belong to the same word.
        and not any(one.isalpha() or _is_accent(one) for one in around)
    )


def _is_accent(character: str) -> bool:
    return "\u0300" <= character <= "\u036f"


def _without_code(line: str) -> str:
    """Return `line`, as long as before, with blanks for what stands between backticks."""
    out, begin = "", 0
    while found := _TICKS.search(line, begin):
        end = line.find(found[0], found.end())
        # Without an end it is still being written.
        stop = len(line) if end < 0 else end + len(found[0])
        out += line[begin : found.start()] + " " * (stop - found.start())
        begin = stop
    return out + line[begin:]


def _goes_on(text: str, place: int) -> bool:
    return 0 <= place < len(text) and (text[place].isalnum() or text[place] in "'’_")


def _common(one: str, other: str) -> int:
    """Return how many characters both begin with; in steps that halve, as slices are compared."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low
