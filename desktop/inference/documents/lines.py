"""Paragraphs, lists and tables of a document as lines of text. Runs in the process that reads it."""

from dataclasses import dataclass, field

from desktop.inference.documents.bounds import Bounded

__all__ = ["Lines", "Paragraph"]


@dataclass(slots=True)
class Paragraph:
    """One that is being read; `mark` stands before it, as in "## " or "- "."""

    words: list[str] = field(default_factory=list)
    mark: str = ""

    @property
    def line(self) -> str:
        """What becomes of it."""
        words = "".join(self.words).strip()
        return f"{self.mark}{words}" if words else ""


class Lines:
    """Takes a document in its own order; `text` is what has come of it.

    A row of a table becomes one line, its cells between bars.
    """

    def __init__(self, most: int) -> None:
        """Begin with nothing; more than `most` bytes raise Unreadable."""
        self._taken = Bounded(most)
        self._open: list[Paragraph] = []
        self._cells: list[list[str]] = []
        self._rows: list[list[str]] = []

    @property
    def paragraph(self) -> Paragraph | None:
        """The one that is being read, if any is."""
        return self._open[-1] if self._open else None

    @property
    def text(self) -> str:
        """All lines."""
        return self._taken.text

    def begin(self, mark: str = "") -> None:
        """Begin a paragraph; one inside of another (a note, a box) comes before it."""
        self._open.append(Paragraph(mark=mark))

    def add(self, words: str) -> None:
        """Add words to the paragraph that is open; outside of any they are layout."""
        if self._open:
            self._open[-1].words.append(words)

    def end(self) -> None:
        """End the paragraph."""
        if not self._open:
            return
        line = self._open.pop().line
        if self._cells:
            if line:
                self._cells[-1].append(line)
        else:
            self._taken.add(f"{line}\n" if line else "")

    def begin_row(self) -> None:
        """Begin a row of a table."""
        self._rows.append([])

    def begin_cell(self) -> None:
        """Begin a cell."""
        self._cells.append([])

    def end_cell(self) -> None:
        """End a cell; some programs write cells that are in no row."""
        if not self._cells:
            return
        cell = " ".join(self._cells.pop()).replace("\n", " ")
        if self._rows:
            self._rows[-1].append(cell)
        else:
            self._taken.add(cell)

    def end_row(self) -> None:
        """End a row; that of a table in a cell becomes words of the cell."""
        row = self._rows.pop() if self._rows else []
        if not any(row):
            return
        line = f"| {' | '.join(row)} |"
        if self._cells:
            self._cells[-1].append(line)
        else:
            self._taken.add(line)
