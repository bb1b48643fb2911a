"""Finding one's way in the pages of help: places that hold words, topics that were meant.

Pure; any thread.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from desktop.domain.help_page import TOPICS, HelpPage

__all__ = ["HelpHit", "nearest_topics", "search_help"]

_HEADING = re.compile(r"^## +(?P<title>.+?) *$", re.MULTILINE)
_LIKE_ENOUGH = 0.65
_AS_MANY = 3


@dataclass(frozen=True, slots=True)
class HelpHit:
    """A part of a page that holds all of the words; `heading` is empty for its beginning."""

    page: HelpPage
    heading: str


def search_help(pages: Sequence[HelpPage], words: str) -> tuple[HelpHit, ...]:
    """Return the parts that hold every one of `words`, those that name them in a heading first.

    Words are compared as they stand, whatever their case: Chinese needs no more.
    """
    wanted = words.casefold().split()
    if not wanted:
        return ()
    found: list[tuple[int, HelpHit]] = []
    for page in pages:
        for heading, text in _parts(page):
            named = f"{page.title}\n{heading}".casefold()
            if all(word in named or word in text.casefold() for word in wanted):
                in_heading = sum(word in heading.casefold() for word in wanted)
                in_title = sum(word in page.title.casefold() for word in wanted)
                found.append((-2 * in_heading - in_title, HelpHit(page, heading)))
    found.sort(key=lambda entry: entry[0])
    return tuple(hit for _, hit in found)


def nearest_topics(word: str) -> tuple[str, ...]:
    """Return the topics that `word` may have meant, the likeliest first; never more than three."""
    meant = word.casefold()
    begun = [topic for topic in TOPICS if meant and topic.startswith(meant)]
    alike = difflib.get_close_matches(meant, TOPICS, _AS_MANY, _LIKE_ENOUGH)
    return tuple(dict.fromkeys([*begun, *alike]))[:_AS_MANY]


def _parts(page: HelpPage) -> Iterator[tuple[str, str]]:
    """Yield each heading with the text below it, the beginning of the page first."""
    heads = list(_HEADING.finditer(page.body))
    first = heads[0].start() if heads else len(page.body)
    yield "", f"{page.summary}\n{page.body[:first]}"
    for number, head in enumerate(heads):
        end = heads[number + 1].start() if number + 1 < len(heads) else len(page.body)
        yield head["title"], page.body[head.end() : end]
