"""The downloads at the foot of the models' page: one row, or one line that unfolds.

Values in, at most a few times a second; signals out. Rows stay the same widgets for as long as
their download is there. GUI thread.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from desktop.domain.download import Download, DownloadPhase
from desktop.ui.download_row import DownloadRow
from desktop.ui.downloads_sum import DownloadsSum
from desktop.ui.tokens import Space, tokens_of

__all__ = ["DownloadsBar"]

_TALLEST = 232
_LOWEST = 76


class DownloadsBar(QFrame):
    """Hidden while there is nothing; unfolds by a click when there are several."""

    pause_requested = Signal(str)
    """(key), like those below, unless said."""
    resume_requested = Signal(str)
    cancel_requested = Signal(str)
    use_requested = Signal(str)
    clear_requested = Signal()
    """What is done shall leave the list."""
    move_requested = Signal(str, int)
    """(key, place from 0)"""
    page_requested = Signal(str)
    """(address)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(parent)
        self._downloads: tuple[Download, ...] = ()
        self._is_open = False
        self._line = QFrame()
        self._line.setProperty("panel", "line")
        self._line.setFixedHeight(1)
        self._sum = DownloadsSum()
        self._list = _Rows()
        self._scroll = _Scroll(self._list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._line)
        column.addWidget(self._sum)
        column.addWidget(self._scroll)
        self._sum.clicked.connect(self._on_sum_clicked)
        self._sum.clear.clicked.connect(self.clear_requested)
        self._list.dropped.connect(self._on_dropped)
        self.hide()

    def set_downloads(self, downloads: Sequence[Download]) -> None:
        """Show `downloads` in the order of the queue, with what is done at the end."""
        downloads = tuple(downloads)
        if downloads == self._downloads:
            return
        self._downloads = downloads
        new = self._list.show_downloads(sorted(downloads, key=_is_done))
        for row in new:
            self._connect(row)
        self._show()
        if new:
            self._scroll.keep_in_sight(new[-1])

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()

    def _show(self) -> None:
        several = len(self._downloads) > 1
        self._sum.setVisible(several)
        self._scroll.setVisible(self._is_open or not several)
        self._sum.show_totals(self._downloads, is_open=self._is_open)
        self.setAccessibleName(self.tr("Downloads"))
        self.setVisible(bool(self._downloads))
        self._scroll.updateGeometry()

    def _connect(self, row: DownloadRow) -> None:
        row.pause_requested.connect(self.pause_requested)
        row.resume_requested.connect(self.resume_requested)
        row.cancel_requested.connect(self.cancel_requested)
        row.use_requested.connect(self.use_requested)
        row.page_requested.connect(self.page_requested)
        row.clear_requested.connect(self.cancel_requested)
        row.step_requested.connect(self._list.on_step)
        row.dragged.connect(self._list.on_dragged)
        row.dropped.connect(self._list.on_dropped)

    def _on_sum_clicked(self) -> None:
        self._is_open = not self._is_open
        self._show()

    def _on_dropped(self, key: str, before: str) -> None:
        """Move `key` before another one, or to the end of the queue."""
        keys = [each.order.key for each in self._downloads if each.order.key != key]
        self.move_requested.emit(key, keys.index(before) if before in keys else len(keys))


class _Rows(QWidget):
    """The rows, in order; a line shows where a carried one would be put down."""

    dropped = Signal(str, str)
    """(key, key of the one before which it is to be, empty for the end)"""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, DownloadRow] = {}
        self._mark: int | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(Space.XL, Space.M, Space.XL, Space.M)
        self._column.setSpacing(Space.L)

    def show_downloads(self, downloads: Sequence[Download]) -> list[DownloadRow]:
        """Show `downloads`; return the rows that are new."""
        keys = [download.order.key for download in downloads]
        for key in [key for key in self._rows if key not in keys]:
            row = self._rows.pop(key)
            row.hide()
            self._column.removeWidget(row)
            row.deleteLater()
        new: list[DownloadRow] = []
        for place, download in enumerate(downloads):
            known = self._rows.get(download.order.key)
            row = known or DownloadRow(download)
            if known is None:
                self._rows[download.order.key] = row
                new.append(row)
            else:
                row.show_download(download)
            if self._column.indexOf(row) != place:
                self._column.removeWidget(row)
                self._column.insertWidget(place, row)
        return new

    def on_dragged(self, _key: str, pointer: QPoint) -> None:
        mark = self._place_at(pointer)
        if mark != self._mark:
            self._mark = mark
            self.update()

    def on_dropped(self, key: str, pointer: QPoint) -> None:
        self._mark = None
        self.update()
        now = self._column.indexOf(self._rows[key])
        place = self._place_at(pointer)
        self._put(key, place - (place > now))

    def on_step(self, key: str, step: int) -> None:
        """Let a row change places with its neighbour."""
        place = self._column.indexOf(self._rows[key]) + step
        if 0 <= place < len(self._rows):
            self._put(key, place)

    def tall(self, width: int) -> int:
        """Return the height that the rows need in `width`."""
        column = self._column
        return (
            column.heightForWidth(width)
            if column.hasHeightForWidth()
            else (column.minimumSize().height())
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._mark is not None:
            painter = QPainter(self)
            painter.fillRect(self._gap(self._mark), QColor(tokens_of(self.palette()).accent))

    def _put(self, key: str, place: int) -> None:
        """Ask for `place` among the rows, counted without the one that moves."""
        if place == self._column.indexOf(self._rows[key]):
            return
        others = sorted(
            (name for name in self._rows if name != key),
            key=lambda name: self._column.indexOf(self._rows[name]),
        )
        self.dropped.emit(key, others[place] if place < len(others) else "")

    def _place_at(self, pointer: QPoint) -> int:
        y = self.mapFromGlobal(pointer).y()
        return sum(row.geometry().center().y() < y for row in self._rows.values())

    def _gap(self, place: int) -> QRect:
        """Return the line before the row at `place`."""
        item = self._column.itemAt(min(place, self._column.count() - 1))
        row = item.geometry() if item is not None else QRect()
        edge = row.top() if place < self._column.count() else row.bottom()
        offset = Space.S if place < self._column.count() else -Space.S
        return QRect(row.left(), edge - offset, row.width(), 2)


class _Scroll(QScrollArea):
    """As tall as its rows, up to a bound."""

    def __init__(self, rows: _Rows) -> None:
        super().__init__()
        self._rows = rows
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(rows)
        rows.installEventFilter(self)
        self._sought: DownloadRow | None = None
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self.verticalScrollBar().actionTriggered.connect(self._on_scrolled)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Grow with the rows, and with the window."""
        kind = QEvent.Type.LayoutRequest if watched is self._rows else QEvent.Type.Resize
        if event.type() == kind:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.window().installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def keep_in_sight(self, row: DownloadRow) -> None:
        """Scroll to `row` whenever it moves, until somebody scrolls."""
        self._sought = row
        self._on_range_changed()

    def _on_range_changed(self) -> None:
        if self._sought is not None and isValid(self._sought):
            self.ensureWidgetVisible(self._sought, 0, Space.M)

    def _on_scrolled(self, _action: int) -> None:
        self._sought = None

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._wanted())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, min(self._wanted(), _LOWEST))

    def _wanted(self) -> int:
        """Return the height of the rows, but never more than a part of the window."""
        bound = min(_TALLEST, max(_LOWEST, self.window().height() // 3))
        return min(bound, self._rows.tall(max(1, self.viewport().width())))


def _is_done(download: Download) -> bool:
    return download.phase is DownloadPhase.DONE
