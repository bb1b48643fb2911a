"""A column of thousands of messages, of which only those near the reader exist as widgets.

The place of the reader is a message and a distance in it, never a number of pixels from the top:
heights above are guesses until somebody comes near, and being corrected they must not move what is
read. Widgets are built and given up in small portions between two frames; a place that is not
built yet shows grey lines. While the thumb of the scroll bar is held, the bar keeps its scale, so
that the thumb stays under the pointer. GUI thread.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QWidget

from desktop.ui.column_canvas import ColumnCanvas
from desktop.ui.column_places import ColumnPlaces
from desktop.ui.row_frame import BESIDE, RowFrame
from desktop.ui.skeleton import paint_skeleton
from desktop.ui.tokens import Space, tokens_of

__all__ = ["GAP", "SLICE_SECONDS", "VirtualColumn"]

GAP = Space.XL - 2 * Space.S
_STEP = 40
_NEAR_END = 24
SLICE_SECONDS = 0.004
_FIRST_SECONDS = 0.04
_DROPPED_AT_ONCE = 2
_MOST_BUILT = 60
_ASIDE = 20_000
_PAUSE_MS = 8


class VirtualColumn(ColumnPlaces):
    """Lays `rows` out; whoever derives from it makes a row's widget in `make_frame`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing."""
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        # Whether it lies on a card, whose ground is another than that of the window.
        self.is_on_card = False
        self._frames: dict[int, RowFrame] = {}
        self._canvas = ColumnCanvas(self.viewport(), lambda: self.ground, self._paint_missing)
        self._canvas.height_wanted.connect(self._on_height_wanted)
        self._guessed = False
        self._width = 0
        self._gap = GAP
        self._filling = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._filling.timeout.connect(self._on_time_to_fill)
        bar = self.verticalScrollBar()
        bar.setSingleStep(_STEP)
        bar.valueChanged.connect(self._on_bar_moved)
        bar.sliderReleased.connect(self._arrange)

    # What others may ask and do.

    @property
    def frames(self) -> list[RowFrame]:
        """The rows that are built and on show, from top to bottom."""
        shown = [frame for frame in self._frames.values() if not frame.isHidden()]
        return sorted(shown, key=self._row)

    def frames_built(self) -> list[RowFrame]:
        """Return the rows that are built, on show or not, in any order."""
        return list(self._frames.values())

    def frame_of(self, message: int) -> RowFrame | None:
        """Return the row of a message if it is built."""
        return self._frames.get(message)

    def jump_to_end(self) -> None:
        """Show the end, and follow it from now on."""
        self._follows = True
        self._fill(SLICE_SECONDS, around=False)

    # What derives from it.

    def make_frame(self, message: int) -> RowFrame | None:  # noqa: ARG002 - as derived ones take it
        """Make the row of `message`, child of `self.canvas`; None if it cannot be read.

        Here nothing can.
        """
        return None

    def is_kept(self, message: int) -> bool:  # noqa: ARG002 - as derived ones take it
        """Tell whether the row of `message` must live on however far away it is; none does here."""
        return False

    def on_moved(self) -> None:
        """Follow the reader: another place, or other rows, are on show."""

    @property
    def ground(self) -> QColor:
        """What is painted under the rows, never translucent: the window, or the card it is on."""
        theme = tokens_of(self.palette())
        return QColor(theme.surface if self.is_on_card else theme.canvas)

    @property
    def canvas(self) -> QWidget:
        """What rows are children of."""
        return self._canvas

    def show_rows(self) -> None:
        """Show `rows`, which were reset, from their end."""
        self._follows = True
        self._held = None
        self._guessed = False
        self._forget_gone()
        self._fill(_FIRST_SECONDS)

    def rows_changed(self) -> None:
        """Follow rows that were added, taken away or exchanged."""
        with self._holding():
            self._forget_gone()
        self._fill(_FIRST_SECONDS)

    @contextmanager
    def holding_place(self) -> Iterator[None]:
        """Keep what is read where it is while all rows take other heights."""
        with self._holding(share=True):
            yield
            self.rows.forget()
            for frame in list(self._frames.values()):
                self._settle(frame)
        self._fill(_FIRST_SECONDS)

    def give_up(self, message: int) -> None:
        """Take the widget of `message` away; it is made again when it is wanted."""
        frame = self._frames.pop(message, None)
        if frame is not None:
            frame.hide()
            frame.deleteLater()

    def settle(self, message: int) -> None:
        """Give the row of `message`, whose content has grown, its height before it is painted.

        Left to the event loop the row would be painted twice: cut off, and then in its place.
        """
        frame = self._frames.get(message)
        if frame is None or self._canvas.is_at_work:
            return
        before = self.rows.total
        with self._holding():
            height = -1
            # What is new in it knows its own height only once it has its width.
            while height != frame.height():
                height = frame.height()
                self._canvas.let_layouts_tell()
                self._settle(frame)
        if self.rows.total != before:
            self._arrange()
            self._fill_soon()

    # Events.

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = self._column()[1]
        if width != self._width:
            self._width = width
            with self._holding(share=True):
                self.rows.forget()
                for frame in list(self._frames.values()):
                    self._settle(frame)
        self._fill(_FIRST_SECONDS)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        with self._holding():
            for frame in list(self._frames.values()):
                self._settle(frame)
        self._fill(_FIRST_SECONDS)

    def _paint_missing(self, painter: QPainter, area: QRect) -> None:
        """Paint grey lines upon the canvas where rows in sight are still to be built."""
        missing = list(self._not_seen_yet())
        left, width = self._column()
        theme = tokens_of(self.palette())
        above = self._scroll + self._canvas.y()
        for row in missing:
            top = self._top(row) - above + Space.S
            place = QRect(left, top, width, self.rows.height(row) - self._gap - 2 * Space.S)
            paint_skeleton(painter, place, area, self.rows.refs[row], theme)

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        """Do nothing: `_on_bar_moved` does."""

    def _on_height_wanted(self) -> None:
        with self._holding():
            for frame in list(self._frames.values()):
                self._measure(frame)
        self._arrange()
        self._fill_soon()

    # The work.

    def _row(self, frame: RowFrame) -> int:
        row = self.rows.row_of(frame.message)
        return -1 if row is None else row

    def _not_seen_yet(self) -> Iterator[int]:
        for row in self._span():
            frame = self._frames.get(self.rows.refs[row].id)
            if frame is None or frame.isHidden() or frame.x() < -_ASIDE // 2:
                yield row

    def _on_bar_moved(self, value: int) -> None:
        if self._canvas.is_at_work:
            return
        bar = self.verticalScrollBar()
        if bar.isSliderDown() and bar.maximum():
            value = round(value * self._furthest() / bar.maximum())
        self._go(value)

    def _go(self, place: int) -> None:
        before, self._scroll = self._scroll, self._clamped(place)
        self._held = None
        away = self._furthest() - self._scroll
        if away == 0 or (self._scroll > before and away <= _NEAR_END):
            self._follows = True
        elif self._scroll < before:
            self._follows = False
        # Rows are built between two pictures: moving alone must never wait for them.
        self._arrange()
        self._fill_soon()

    def _on_time_to_fill(self) -> None:
        self._fill(SLICE_SECONDS)

    def _fill_soon(self) -> None:
        if not self._filling.isActive():
            self._filling.start()

    def _fill(self, seconds: float, *, around: bool = True) -> None:
        """Build what is missing in sight, and `around` it, for about `seconds`; the rest soon."""
        if self._canvas.is_at_work or not self.isVisible() or self._width <= 0:
            return
        until = time.perf_counter() + seconds
        with self._holding():
            while (message := self._next_missing(around=around)) is not None:
                self._build(message, until)
                if time.perf_counter() >= until:
                    break
                if self._follows:
                    self._scroll = self._furthest()
        if not self._guessed and len(self._frames) > 1:
            self._guessed = True
            with self._holding():
                self.rows.guess_again()
        self._arrange()
        is_done = message is None and self._next_missing(around=True) is None
        if is_done or len(self._frames) > _MOST_BUILT:
            is_done = not self._drop_far() and is_done
        if not is_done:
            self._filling.start()

    def _next_missing(self, *, around: bool) -> int | None:
        near = self._span()
        order: range = near[::-1] if self._follows else near
        for row in order:
            if self._is_missing(row):
                return self.rows.refs[row].id
        if not around:
            return None
        wide = self._span(1.0)
        beside = [*range(near.stop, wide.stop), *range(near.start - 1, wide.start - 1, -1)]
        missing = next((row for row in beside if self._is_missing(row)), None)
        return self.rows.refs[missing].id if missing is not None else None

    def _is_missing(self, row: int) -> bool:
        frame = self._frames.get(self.rows.refs[row].id)
        if frame is None:
            return not (self.rows.is_known(row) and self.rows.height(row) == 0)
        return not frame.is_complete or frame.isHidden()

    def _build(self, message: int, until: float) -> None:
        """Take the next step of building a row: make it, build more of it, or show it."""
        frame = self._frames.get(message)
        row = self.rows.row_of(message)
        if row is None:
            return
        if frame is None:
            frame = self.make_frame(message)
            if frame is None:
                self.rows.measure(row, 0)
            else:
                self._frames[message] = frame
                frame.move(-_ASIDE, 0)
                frame.resize(self._width + 2 * BESIDE, self.rows.height(row))
            return
        if frame.isHidden():
            frame.show()
        if not frame.is_complete:
            frame.build(max(0.001, until - time.perf_counter()))
        self._settle(frame)

    def _settle(self, frame: RowFrame) -> None:
        """Find the height of a row now."""
        if not self.isVisible() or frame.isHidden():
            return
        others_asked = self._canvas.settle(frame, self._width + 2 * BESIDE)
        self._measure(frame)
        if others_asked:
            for other in self._frames.values():
                self._measure(other)

    def _measure(self, frame: RowFrame) -> None:
        row = self.rows.row_of(frame.message)
        if row is None or frame.isHidden():
            return
        width = self._width + 2 * BESIDE
        height = frame.height_at(width)
        if frame.height() != height or frame.width() != width:
            frame.resize(width, height)
        below = 0 if frame.ends_free else self._gap
        if frame.is_complete or height + below > self.rows.height(row):
            self.rows.measure(row, height + below)

    def _arrange(self) -> None:
        """Put everything where it belongs now."""
        with self._canvas.at_work():
            self._place_frames()
        self.on_moved()

    def _place_frames(self) -> None:
        self._scroll = self._furthest() if self._follows else self._clamped(self._scroll)
        left = self._column()[0] - BESIDE
        near = self._span(3.0)
        base = self._top(near.start) if near else 0
        for frame in self._frames.values():
            row = self._row(frame)
            if row not in near:
                frame.hide()
                continue
            begins_in_sight = self._top(row) >= self._scroll and not self._follows
            aside = not frame.is_complete and not begins_in_sight
            x, y = (-_ASIDE, 0) if aside else (left, self._top(row) - base)
            if (frame.x(), frame.y()) != (x, y):
                frame.move(x, y)
        bottom = self._top(near.stop) if near else 0
        # One after the other: what is only moved keeps its picture, and so does what only grows.
        self._canvas.move(0, base - self._scroll)
        self._canvas.resize(self.viewport().width(), max(1, bottom - base))
        self._sync_bar()
        if next(self._not_seen_yet(), None) is not None:
            self._canvas.update()

    def _sync_bar(self) -> None:
        bar = self.verticalScrollBar()
        if not bar.isSliderDown():
            bar.setRange(0, self._furthest())
            bar.setPageStep(self.viewport().height())
            bar.setValue(self._scroll)

    def _drop_far(self) -> bool:
        """Give up a few rows that are far away; return whether there are more of them."""
        near = self._span(2.0)
        far = [
            frame
            for frame in self._frames.values()
            if self._row(frame) not in near
            and frame.message != self._held
            and not self.is_kept(frame.message)
        ]
        for frame in far[:_DROPPED_AT_ONCE]:
            self.give_up(frame.message)
        return bool(far)

    def _forget_gone(self) -> None:
        for message in [one for one in self._frames if self.rows.row_of(one) is None]:
            self.give_up(message)
