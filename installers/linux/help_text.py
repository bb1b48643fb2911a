"""The page that `lapis COMMAND --help` prints, taken apart again: man pages are made of it.

Pure. The page is laid out by desktop/terminal/help_pages.py: paragraphs, then headings with
indented rows of two columns, in either language.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_ROW = re.compile(r"^  (?P<name>\S(?:.*?\S)?)(?: {2,}(?P<text>\S.*))?$")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a page with its rows, each a name and what is said of it (may be empty)."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of help says. `usage` has no heading in front any more."""

    usage: str
    paragraphs: tuple[str, ...]
    sections: tuple[Section, ...]

    def commands(self) -> tuple[str, ...]:
        """Return the names of the commands below this one."""
        if "[COMMAND]" not in self.usage and "[命令]" not in self.usage:
            return ()
        return tuple(name for name, _ in self.sections[0].rows)


def read_page(text: str) -> Page:
    """Return the parts of a page of help, with broken lines joined again."""
    usage, _, rest = text.strip("\n").partition("\n")
    paragraphs: list[str] = []
    sections: list[Section] = []
    for block in re.split(r"\n\s*\n", rest.strip("\n")):
        lines = block.splitlines()
        if len(lines) > 1 and lines[1].startswith("  "):
            sections.append(Section(lines[0].strip(), tuple(_rows(lines[1:]))))
        else:
            paragraphs.append(joined(lines))
    return Page(re.split(r"[:：]\s*", usage, maxsplit=1)[1], tuple(paragraphs), tuple(sections))


def joined(lines: Sequence[str]) -> str:
    """Return the words of broken lines as one; Chinese goes on without a space."""
    text = ""
    for line in (line.strip() for line in lines):
        has_gap = text and line and (text[-1].isascii() or line[0].isascii())
        text += f" {line}" if has_gap else line
    return text


def _rows(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the rows; what is indented further goes on with the text of the row before."""
    name, texts = "", [""]
    for line in lines:
        if not line.startswith("   ") and (found := _ROW.match(line)):
            if name:
                yield name, joined(texts)
            name, texts = found["name"], [found["text"] or ""]
        else:
            texts.append(line)
    yield name, joined(texts)
