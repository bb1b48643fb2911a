"""Where the reader of a column of messages is, and which of its rows are to be seen.

The place is kept while heights change: the row that the view begins in stays where it is, or the
end does, where that is followed. GUI thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from desktop.ui.tokens import Size, Space
from desktop.ui.transcript_rows import TranscriptRows

__all__ = ["ColumnPlaces"]

_ABOVE = Space.XL - Space.S
_BELOW = Space.L - Space.S


class ColumnPlaces(QAbstractScrollArea):
    """Knows `rows` by their heights alone; nothing of them is built here."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Stand at the end of nothing."""
        super().__init__(parent)
        self.rows = TranscriptRows()
        self._scroll = 0
        self._follows = True
        # A message that was gone to stays where it is until somebody scrolls.
        self._held: int | None = None

    @property
    def place(self) -> int:
        """How many pixels lie above the view."""
        return self._scroll

    @property
    def follows(self) -> bool:
        """Whether the reader is at the end and stays there."""
        return self._follows

    def content_height(self) -> int:
        """Return the height of everything there is to scroll through."""
        return _ABOVE + self.rows.total + _BELOW

    def _top(self, row: int) -> int:
        return _ABOVE + self.rows.top(row)

    def _furthest(self) -> int:
        return max(0, self.content_height() - self.viewport().height())

    def _clamped(self, place: int) -> int:
        return max(0, min(place, self._furthest()))

    def _column(self) -> tuple[int, int]:
        """Return where the column begins and how wide it is.

        From the width of the whole, so that the column stays when the scroll bar comes.
        """
        side = max(Space.XL, (self.width() - Size.COLUMN) // 2)
        beside = self.width() - self.viewport().width()
        return side, max(1, self.viewport().width() - side - max(0, side - beside))

    def _span(self, screens: float = 0.0) -> range:
        """Return the rows to be seen, and those within so many screens around."""
        if not len(self.rows):
            return range(0)
        around = round(self.viewport().height() * screens)
        first = self.rows.row_at(self._scroll - around - _ABOVE)
        last = self.rows.row_at(self._scroll + self.viewport().height() + around - _ABOVE)
        return range(first, last + 1)

    def _in_sight(self, row: int) -> int:
        """Return how many pixels of `row` are seen."""
        top, bottom = self._top(row), self._top(row + 1)
        return min(bottom, self._scroll + self.viewport().height()) - max(top, self._scroll)

    @contextmanager
    def _holding(self, *, share: bool = False) -> Iterator[None]:
        """Keep the reader's place while heights change; as a share of the row if asked."""
        if self._follows or not len(self.rows):
            yield
            self._scroll = self._furthest() if self._follows else 0
            return
        message, inside, part = self._anchor()
        yield
        row = self.rows.row_of(message)
        if row is not None:
            inside = round(part * self.rows.height(row)) if share else inside
            self._scroll = self._top(row) + inside
        self._scroll = self._clamped(self._scroll)

    def _anchor(self) -> tuple[int, int, float]:
        """Return the message that stays, where the view begins in it, and which share that is."""
        span = self._span()
        known = [row for row in span if self.rows.is_known(row)]
        held = self.rows.row_of(self._held) if self._held is not None else None
        if held is not None:
            row = held
        elif self._scroll <= self._top(0):
            # The beginning is in sight, and stays there whatever is found out of the first row.
            row = 0
        else:
            # What there is most of to be seen: of a row that is nearly gone only the end would.
            row = max(known, key=self._in_sight, default=span.start)
        inside = self._scroll - self._top(row)
        return self.rows.refs[row].id, inside, inside / max(1, self.rows.height(row))
