"""Pages of help: what is asked about Lapis, and the answers, as Markdown.

The same pages are shown in the window, printed by `lapis help`, and in part copied into the
read-me. A page begins with `# Title` and a sentence that says what it is about. Lines that are
nothing but a mark (an HTML comment, so that no reader of Markdown shows it) say what the read-me
takes. Pages name each other as files do: `[Models](models.en.md)`.
"""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["TOPICS", "HelpPage", "linked_topic", "page_file", "read_help"]

TOPICS: Final = (
    "start",
    "install",
    "models",
    "fit",
    "window",
    "popup",
    "keys",
    "servers",
    "api",
    "terminal",
    "privacy",
    "trouble",
)
"""Every topic, in the order of the list: what is asked first stands first."""

_MARK: Final = re.compile(r"<!--.*-->\s*")
_LINK: Final = re.compile(r"(?P<topic>[a-z]+)\.(?:en|zh_CN)\.md")


@dataclass(frozen=True, slots=True)
class HelpPage:
    """One topic in one language. `body` is the Markdown after title and summary."""

    topic: str
    title: str
    summary: str
    body: str

    @property
    def markdown(self) -> str:
        """The whole page, without marks."""
        return f"# {self.title}\n\n{self.summary}\n\n{self.body}"


def page_file(topic: str, language: str) -> str:
    """Return the name of the file with `topic` in `language` (en, zh_CN)."""
    return f"{topic}.{language}.md"


def read_help(topic: str, source: str) -> HelpPage:
    """Return the page that stands in a file; raises ValueError if it does not begin as one."""
    kept = "".join(line for line in source.splitlines(keepends=True) if not _MARK.fullmatch(line))
    head, _, rest = kept.partition("\n\n")
    summary, _, body = rest.partition("\n\n")
    if not head.startswith("# ") or "\n" in head or not summary or "\n" in summary:
        raise ValueError(f"the page {topic} has no title with a line below it")
    return HelpPage(topic, head.removeprefix("# ").strip(), summary.strip(), body.strip() + "\n")


def linked_topic(address: str) -> str:
    """Return the topic that a link in a page leads to; nothing if it leads elsewhere."""
    found = _LINK.fullmatch(address)
    return found["topic"] if found and found["topic"] in TOPICS else ""
