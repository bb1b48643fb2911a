"""The text of a document of LibreOffice. Runs in the process that reads it."""

from typing import Final

from desktop.inference.documents.archive import Archive, Handler
from desktop.inference.documents.bounds import Unreadable
from desktop.inference.documents.lines import Lines
from desktop.inference.documents.reading import Told

__all__ = ["odt_text"]

_DEEPEST: Final = 6
_MOST_SPACES: Final = 100
# What was deleted, what others say of it, and the sign that a note hangs on.
_UNREAD: Final = frozenset({"tracked-changes", "annotation", "note-citation"})


def odt_text(archive: Archive, most: int, told: Told) -> str:
    """Return paragraphs, headings, lists and tables as text; raises Unreadable."""
    locks = _Locks()
    archive.parse("META-INF/manifest.xml", locks)
    if locks.found:
        raise Unreadable("password")
    body = _Body(Lines(most))
    archive.parse("content.xml", body, told)
    return body.lines.text


class _Locks(Handler):
    """Looks for a member that is encrypted."""

    def __init__(self) -> None:
        self.found = False

    def begin(self, name: str, values: dict[str, str]) -> None:  # noqa: ARG002 - the protocol's
        self.found = self.found or name in {"encryption-data", "encrypted-key"}


class _Body(Handler):
    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self._unread = 0
        self._items = 0

    def begin(self, name: str, values: dict[str, str]) -> None:
        if self._unread or name in _UNREAD:
            self._unread += 1
            return
        match name:
            case "p":
                self.lines.begin("- " if self._items else "")
            case "h":
                level = values.get("outline-level", "1")
                self.lines.begin("#" * min(_DEEPEST, int(level) if level.isdecimal() else 1) + " ")
            case "list-item":
                self._items += 1
            case "table-row":
                self.lines.begin_row()
            case "table-cell":
                self.lines.begin_cell()
            case "tab":
                self.lines.add("\t")
            case "line-break":
                self.lines.add("\n")
            case "s":
                count = values.get("c", "1")
                self.lines.add(" " * min(_MOST_SPACES, int(count) if count.isdecimal() else 1))

    def end(self, name: str) -> None:
        if self._unread:
            self._unread -= 1
            return
        match name:
            case "p" | "h":
                self.lines.end()
            case "list-item":
                self._items -= 1
            case "table-row":
                self.lines.end_row()
            case "table-cell":
                self.lines.end_cell()

    def text(self, text: str) -> None:
        if not self._unread:
            self.lines.add(text)
