"""Words a person will read, before anyone knows in which language.

Every layer below the front ends speaks in `Text` values; the front ends (window, terminal) own the
language and render them. So an error can be made in a worker thread, stored, and shown later in
whatever language is set by then.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Value: TypeAlias = str | int | float | tuple[str, ...]
"""What fills a hole; a tuple is a list of names, said as each language does it."""

_HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Text:
    """An English message with named holes, the key of its translation.

    `message` is a literal (the extractor of translations finds it in `Text("…")`); `values` fill
    its `{name}` holes after translation.
    """

    message: str
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])

    def said(self, translate: Callable[[str], str]) -> str:
        """Return the words in the language of `translate`; an unknown hole is left as it stands."""

        def value(hole: re.Match[str]) -> str:
            found = self.values.get(hole[1], hole[0])
            if isinstance(found, tuple):
                return translate(BETWEEN.message).join(found)
            return str(found)

        # In one go: a value, such as the name of a file, may look like a hole itself.
        return _HOLE.sub(value, translate(self.message))

    def __str__(self) -> str:
        """Return the English words, for logs and tests."""
        return self.said(str)


BETWEEN: Final = Text(", ")
"""What stands between the names of a list."""


def encodable(text: str) -> str:
    """Return `text` fit to be encoded: the halves of a pair of surrogates joined, or one made visible.

    Broken clipboards and answers cut in the middle bring them; UTF-8, JSON and SQLite have none.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def printable(foreign: str, instead: str = "\ufffd") -> str:
    """Return a text that others wrote without what cannot be seen: `instead` stands for each."""
    if foreign.isprintable():
        return foreign
    return "".join(char if char.isprintable() else instead for char in foreign)


def shortened(words: str, most: int) -> str:
    """Return `words`, or as much of them as `most` characters hold, the last one an ellipsis."""
    return words if len(words) <= most else words[: most - 1] + "…"


def verbatim(words: str) -> Text:
    """Return what reads the same in every language: a name, a version, a path."""
    return Text("{name}", {"name": words})
