"""A long settled text read in portions, each a few milliseconds, with the parts of the whole.

Definitions of links and footnotes, which mostly stand at the end, are looked up first. Standard
library and markdown-it; any thread.
"""

import re
from collections.abc import Iterator

from desktop.ui.growing_markdown import GrowingMarkdown
from desktop.ui.markdown import Notes, References, blocks_of, parse, too_costly
from desktop.ui.markdown_parts import Part

__all__ = ["portions_of"]

_PORTION = 2_000
_SHORT = 4_000
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[^\n]*", re.MULTILINE)
_MOST_DEFINITIONS = 200


def portions_of(source: str) -> Iterator[list[Part]]:
    """Yield the parts of `source` in portions."""
    if len(source) <= _SHORT or too_costly(source):
        yield parse(source)
        return
    growing = GrowingMarkdown(*_known(source))
    shown = 0
    at = 0
    while at < len(source):
        cut = source.find("\n", at + _PORTION) + 1 or len(source)
        cut = min(cut, at + 4 * _PORTION)
        growing.append(source[at:cut])
        at = cut
        settled = growing.progress().settled
        yield list(settled[shown:])
        shown = len(settled)
    yield list(growing.finish().settled[shown:])


def _known(source: str) -> tuple[References, Notes]:
    references: References = {}
    notes = Notes()
    found = [one.group() for one in _DEFINITION.finditer(source)][:_MOST_DEFINITIONS]
    if found:
        blocks_of("\n\n".join(found), references, notes)
    return references, notes
