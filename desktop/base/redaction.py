"""Taking out of a text what must not reach a log or the screen. Pure; any thread.

The last line of defence: what is secret should not get into a log call in the first place.
"""

import re
from collections.abc import Callable
from pathlib import Path

_SECRETS = (
    (re.compile(r"\bhf_[A-Za-z0-9]+"), "hf_…"),
    (re.compile(r"\bsk-[A-Za-z0-9_-]+"), "sk-…"),
    # The key of the local server, as `services/local_api` makes it.
    (re.compile(r"\blapis-[A-Za-z0-9_-]{43,}"), "lapis-…"),
    (re.compile(r"\b(Bearer|Basic)\s+\S+", re.IGNORECASE), r"\1 …"),
    # Who asks, and what for: names and passwords before the host, queries after the path.
    (re.compile(r"\b([A-Za-z]{2,9}://)[^\s/@]+@"), r"\1…@"),
    (re.compile(r"\b([A-Za-z]{2,9}://[^\s?#]+)[?#][^\s'\")>]*"), r"\1?…"),
)


def redactor(home: Path | None = None) -> Callable[[str], str]:
    """Return a function that removes secrets and replaces `home` (the person's) by `~`."""
    folder = _home() if home is None else home
    names = [] if folder is None else _spellings(folder)

    def redact(text: str) -> str:
        for name in names:
            text = name.sub("~", text)
        for pattern, instead in _SECRETS:
            text = pattern.sub(instead, text)
        return text

    return redact


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _spellings(folder: Path) -> list[re.Pattern[str]]:
    """Return patterns of a folder's name, also as it stands inside quoted text on Windows."""
    if folder == Path(folder.anchor):
        return []
    plain = str(folder)
    spelt = {plain, plain.replace("\\", "\\\\"), folder.as_posix()}
    return [re.compile(re.escape(name) + r"(?![\w-])", re.IGNORECASE) for name in sorted(spelt)]
