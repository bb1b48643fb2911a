"""What people call a language that a model named, and what its files are called.

From Pygments' own list, of which no lexer is loaded here. Standard library and Pygments; any thread.
"""

import re
from functools import cache

__all__ = ["file_name", "language_name"]

_ENDING = re.compile(r"\*(\.[A-Za-z0-9+]{1,12})")
_WHOLE = re.compile(r"[A-Za-z]+")
_PLAIN = "code.txt"


def language_name(language: str) -> str:
    """Return the name people use ("C++" for `cpp`); what is not known as it was given."""
    found = _languages().get(language.lower())
    return language if found is None else found[0]


def file_name(language: str) -> str:
    """Return a usual name for a file in `language`."""
    patterns = _languages().get(language.lower(), ("", ()))[1]
    for pattern in patterns:
        if found := _ENDING.fullmatch(pattern):
            return f"code{found[1]}"
    return next((name for name in patterns if _WHOLE.fullmatch(name)), _PLAIN)


@cache
def _languages() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return name and file patterns by each alias."""
    from pygments.lexers import get_all_lexers

    known: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name, aliases, patterns, _ in get_all_lexers(plugins=False):
        for alias in aliases:
            known.setdefault(alias.lower(), (name, tuple(patterns)))
    return known
