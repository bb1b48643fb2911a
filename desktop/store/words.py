"""Texts as words that can be searched, in any script. Pure functions, any thread.

Upper and lower case and accents make no difference. Scripts that put no spaces between words are
cut into overlapping pairs of characters, and each such run ends with its last one alone: a pair is
rare enough to be found fast, and a single character is the beginning of some pair.
"""

import functools
import itertools
import re
import unicodedata
from dataclasses import dataclass

# The index notes by which rules it was made; others make it again.
RULES = f"1 {unicodedata.unidata_version}"

_MOST_WORDS = 24
_MOST_PIECES = 48
_MOST_LETTERS = 2000

# Written without spaces, or with particles stuck to their words: kana, Han, Hangul, Thai, Lao,
# Tibetan, Burmese, Khmer; and pictures, each of which is a word.
_DENSE = (
    "\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff\u2600-\u27bf\U0001f300-\U0001faff"
)
# The vowel signs of India's scripts are no letters to Python.
_LETTER = rf"(?:[^\W_{_DENSE}]|[\u0900-\u0963\u0966-\u0dff])"
_QUERY = re.compile(r'"([^"]*)"?|[^\s"]+')
_GAP = rf"(?:[^\w{_DENSE}]|_)*"
# Of the Latin, Greek and Cyrillic letters; the points of Hebrew; the vowels of Arabic.
_ACCENT = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe2f]"
)


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched: `match` in the language of FTS5 (empty: nothing), `patterns` one a word.

    The patterns are for folded text. A text that they find has all `parts` in it, which is faster
    to see.
    """

    match: str
    patterns: tuple[re.Pattern[str], ...]
    parts: tuple[str, ...]

    def stands_in(self, text: str) -> bool:
        """Return whether all words are in the folded `text`."""
        return all(part in text for part in self.parts) and all(
            pattern.search(text) for pattern in self.patterns
        )


def folded(text: str) -> str:
    """Return `text` without differences of case, accents and width."""
    if text.isascii():
        return text.lower()
    # Twice: what a letter is composed of may have a case of its own.
    return _plain(_plain(text).casefold())


def keeps_places(text: str) -> bool:
    """Return whether each character of `text` is one character when folded."""
    # Neither of the two ever makes a text shorter.
    return text.isascii() or (
        len(unicodedata.normalize("NFKD", text)) == len(text) == len(text.casefold())
        and _ACCENT.search(text) is None
    )


def tokens(text: str) -> str:
    """Return the words of `text` as they are put into the index, with spaces between."""
    words: list[str] = []
    for found in _piece().finditer(folded(text)):
        piece = found[0]
        if found["dense"]:
            words += map("".join, itertools.pairwise(piece))
            words.append(piece[-1])
        else:
            words.append(piece)
    return " ".join(words)


def query(words: str) -> Query:
    """Return what `words`, as a person typed them, ask for; never raises.

    All words must occur, what stands in quotation marks as it stands there, the last word also as
    the beginning of another.
    """
    asked = list(_QUERY.finditer(folded(words[:_MOST_LETTERS]).replace("“", '"').replace("”", '"')))
    matches: list[str] = []
    patterns: list[re.Pattern[str]] = []
    parts: list[str] = []
    for place, found in enumerate(asked[:_MOST_WORDS], start=1):
        quoted = found[1] is not None
        pieces = list(_piece().finditer(found[1] if quoted else found[0]))[:_MOST_PIECES]
        if pieces:
            grows = place == len(asked) and not (quoted and found[0].endswith('"'))
            matches.append(_phrase(pieces, grows=grows))
            patterns.append(_pattern(pieces, grows=grows))
            parts += [piece[0] for piece in pieces]
    return Query(" AND ".join(matches), tuple(patterns), tuple(parts))


@functools.cache
def _piece() -> re.Pattern[str]:
    """Return what is a word, or a run of characters; not at the start, as it takes a while to make."""
    return re.compile(rf"(?P<dense>[{_DENSE}]+)|{_LETTER}+")


def _plain(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", _ACCENT.sub("", decomposed))


def _phrase(pieces: list[re.Match[str]], *, grows: bool) -> str:
    written = tokens(" ".join(piece[0] for piece in pieces)).split()
    last = pieces[-1]
    if last["dense"]:
        # What follows in the text is not known: its last character is the beginning of a pair.
        grows = len(last[0]) == 1
        written = written if grows else written[:-1]
    return f'"{" ".join(written)}"{"*" if grows else ""}'


def _pattern(pieces: list[re.Match[str]], *, grows: bool) -> re.Pattern[str]:
    first, *others = (re.escape(piece[0]) for piece in pieces)
    # Looking back after the first piece lets the search jump from one such piece to the next.
    before = "" if pieces[0]["dense"] else f"(?<!{_LETTER}{first})"
    after = "" if grows or pieces[-1]["dense"] else f"(?!{_LETTER})"
    return re.compile(first + before + "".join(_GAP + each for each in others) + after)
