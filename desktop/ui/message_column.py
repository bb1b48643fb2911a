"""Going from place to place in a column of messages of which most are not built.

GUI thread.
"""

import time

from PySide6.QtCore import QEvent, QRect

from desktop.ui.row_frame import RowFrame
from desktop.ui.tokens import Space
from desktop.ui.virtual_column import GAP, SLICE_SECONDS, VirtualColumn
from desktop.ui.zoom import COMPACT

__all__ = ["MessageColumn"]

_STEPS = 2
_WHOLE_SECONDS = 0.05


class MessageColumn(VirtualColumn):
    """Finds messages by place, and brings them, or points in them, before the reader."""

    @property
    def is_compact(self) -> bool:
        """Whether lines and messages are closer together than usual."""
        return bool(self.property(COMPACT))

    def set_compact(self, *, compact: bool) -> None:
        """Show lines and messages closer together, or as usual."""
        if compact == self.is_compact:
            return
        self.setProperty(COMPACT, compact)
        with self.holding_place():
            self._gap = 0 if compact else GAP
            for frame in self.frames_built():
                frame.set_compact(compact=compact)
            self.size_texts()

    def size_texts(self) -> None:
        """Let all texts take the size and the height of lines that are set now."""
        if len(self.rows):
            from desktop.ui.rich_text import RichText

            self._put_unseen_aside()
            for text in self.canvas.findChildren(RichText):
                text.follow_zoom()

    def jump_to(self, message: int, *, inside: int = 0, room: int = Space.XXL) -> None:
        """Show `message`, the point `inside` pixels under its top `room` pixels from above.

        It stays there, until somebody scrolls, whatever is built around it.
        """
        row = self.rows.row_of(message)
        if row is None:
            return
        self._follows = False
        self._held = message
        self._scroll = self._clamped(self._top(row) + inside - room)
        self._make_seen(message)
        self._scroll = self._clamped(self._top(row) + inside - room)
        self._fill(SLICE_SECONDS, around=False)

    def show_now(self, message: int) -> RowFrame | None:
        """Build the beginning of a row that is near; None if it cannot be read."""
        self._make_seen(message)
        self._arrange()
        return self._frames.get(message)

    def reveal(self, message: int, inside: QRect) -> None:
        """Scroll no more than needed to have `inside`, within the frame of `message`, in sight."""
        row = self.rows.row_of(message)
        if row is None:
            return
        top = self._top(row) + inside.top()
        height = min(inside.height(), self.viewport().height() - 2 * Space.XXL)
        lowest = top - Space.XXL
        highest = top + height + Space.XXL - self.viewport().height()
        if self._scroll > lowest:
            self.scroll_to(lowest)
        elif self._scroll < highest:
            self.scroll_to(highest)

    def bring_in_sight(self, message: int) -> None:
        """Scroll to `message` unless its beginning is seen already."""
        row = self.rows.row_of(message)
        if row is None:
            return
        place = self._top(row) - self._scroll
        if not 0 <= place < self.viewport().height() - Space.XXL * 2:
            self.jump_to(message)

    def is_in_sight(self, message: int) -> bool:
        """Tell whether something of `message` is within the view."""
        return self.rows.row_of(message) in self._span()

    def show_inside(self, message: int, place: QRect) -> None:
        """Have `place`, within the frame of `message`, in sight, well away from the edges."""
        row = self.rows.row_of(message)
        if row is None:
            return
        height = self.viewport().height()
        top = self._top(row) + place.top() - self._scroll
        if not Space.XXL * 2 <= top <= height - Space.XXL * 2 - place.height():
            self.jump_to(message, inside=place.top(), room=height // 3)

    def row_under(self, y: int) -> int:
        """Return the row that lies at `y`, counted from the top of the view."""
        return self.rows.row_at(self._scroll + y - self._top(0))

    def build_now(self, message: int) -> RowFrame | None:
        """Build the row of `message` to its end, wherever it is; None if it cannot be read."""
        row = self.rows.row_of(message)
        if row is None:
            return None
        frame = self._frames.get(message)
        if frame is None:
            frame = self.make_frame(message)
            if frame is None:
                return None
            self._frames[message] = frame
        while not frame.is_complete:
            frame.build(_WHOLE_SECONDS)
        return frame

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._put_unseen_aside()

    def _put_unseen_aside(self) -> None:
        """Hide rows out of sight before all texts are written anew; they are shown in their turn.

        Texts that are hidden wait until then.
        """
        seen = self._span()
        for frame in self.frames_built():
            if self._row(frame) not in seen and not self.is_kept(frame.message):
                frame.hide()
        self._fill_soon()

    def _make_seen(self, message: int) -> None:
        row = self.rows.row_of(message)
        with self._holding():
            for _ in range(_STEPS):
                if row is not None and self._is_missing(row):
                    self._build(message, time.perf_counter() + SLICE_SECONDS)

    def scroll_to(self, place: int) -> None:
        """Have `place` pixels above the view."""
        bar = self.verticalScrollBar()
        if bar.isSliderDown() or bar.value() == place:
            self._go(place)
        else:
            bar.setValue(place)
