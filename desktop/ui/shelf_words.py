"""What is said of a model on the shelf, in the list and beside it. GUI thread."""

import time
from collections.abc import Iterator

from desktop.domain import quantities
from desktop.domain.quantities import parameters, sized, tokens
from desktop.domain.shelf import Origin, ShelfEntry, origin_name
from desktop.domain.text import Text
from desktop.ui.engine_words import model_title
from desktop.ui.translation import say

__all__ = [
    "ago",
    "context_words",
    "facts_line",
    "is_ours",
    "memory_words",
    "origin_words",
    "shown_title",
    "used_words",
]

_GAP = " · "


def shown_title(entry: ShelfEntry) -> str:
    """Return what a model is called, in one line."""
    return " ".join(model_title(entry.model).split())


def is_ours(entry: ShelfEntry) -> bool:
    """Return whether the model belongs to Lapis or was opened with it, and not elsewhere."""
    return entry.origin in {Origin.GUIDE, Origin.LAPIS, Origin.OPENED}


def origin_words(origin: Origin) -> str:
    """Return the name of the program that brought a file; a few words where it was Lapis."""
    return say(origin_name(origin))


def context_words(entry: ShelfEntry) -> str:
    """Return how much the model takes in at once, empty where the file does not tell."""
    length = entry.facts.context_length if entry.facts is not None else 0
    return say(Text("{count} tokens", {"count": tokens(length)})) if length else ""


def used_words(entry: ShelfEntry) -> str:
    """Return when the model was last used."""
    if entry.record.used_at <= 0:
        return say(Text("never used"))
    return say(Text("used {when}", {"when": ago(entry.record.used_at)}))


def memory_words(entry: ShelfEntry) -> str:
    """Return what the model took when it was last loaded, empty where it never was."""
    measured = entry.record.measured_memory
    return say(Text("{size} in memory", {"size": sized(measured)})) if measured else ""


def facts_line(entry: ShelfEntry) -> str:
    """Return the second line of a row: where from, what it is, when it was used."""
    return _GAP.join(_facts(entry))


def ago(when: float) -> str:
    """Return how long ago a time in seconds since 1970 is, in days of the person's calendar."""
    return say(quantities.ago(when, time.time()))


def _facts(entry: ShelfEntry) -> Iterator[str]:
    facts = entry.facts
    if not is_ours(entry):
        yield origin_words(entry.origin)
    if entry.twin:
        yield say(Text("same file as {name}", {"name": " ".join(entry.twin.split())}))
        if not is_ours(entry):
            return
    if facts is not None:
        size = parameters(facts.parameters) if facts.parameters else ""
        named = " ".join(part for part in (" ".join(facts.family.split()), size) if part)
        if named:
            yield named
        if facts.context_length:
            count = tokens(facts.context_length)
            yield say(Text("{count} context", {"count": count}))
    yield used_words(entry)
