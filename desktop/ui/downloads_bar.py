"""The downloads at the foot of the models' page: one row, or one line that unfolds.

Values in, at most a few times a second; signals out. Rows stay the same widgets for as long as
their download is there. GUI thread.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.download import Download
from desktop.ui.download_row import DownloadRow
from desktop.ui.download_words import totals, totals_words
from desktop.ui.labels import ElidedLabel, restyle
from desktop.ui.link_button import LinkButton
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space, tokens_of

__all__ = ["DownloadsBar"]

_STEPS = 1000
_TALLEST = 232


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
        self._sum = _SumLine()
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
        self._list.dropped.connect(self.move_requested)
        self.hide()

    def set_downloads(self, downloads: Sequence[Download]) -> None:
        """Show `downloads` in this order."""
        downloads = tuple(downloads)
        if downloads == self._downloads:
            return
        self._downloads = downloads
        for row in self._list.show_downloads(downloads):
            self._connect(row)
        self._show()

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
        row.clear_requested.connect(lambda _key: self.clear_requested.emit())
        row.step_requested.connect(self._on_step_requested)
        row.dragged.connect(self._list.on_dragged)
        row.dropped.connect(self._list.on_dropped)

    def _on_sum_clicked(self) -> None:
        self._is_open = not self._is_open
        self._show()

    def _on_step_requested(self, key: str, step: int) -> None:
        keys = [download.order.key for download in self._downloads]
        place = keys.index(key) + step
        if 0 <= place < len(keys):
            self.move_requested.emit(key, place)


class _SumLine(QFrame):
    """All downloads in one line and one bar; a click unfolds the list."""

    clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.clear = LinkButton()
        self._button = _SumButton()
        self._bar = QProgressBar(textVisible=False, maximum=_STEPS)
        self._bar.setProperty("thick", True)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self._button, 1)
        row.addWidget(self.clear)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        column.setSpacing(Space.XS)
        column.addLayout(row)
        line = QHBoxLayout()
        line.setContentsMargins(Space.S, 0, Space.S, Space.XS)
        line.addWidget(self._bar)
        column.addLayout(line)
        self._button.clicked.connect(self.clicked)

    def show_totals(self, downloads: Sequence[Download], *, is_open: bool) -> None:
        whole = totals(downloads)
        failed = self.tr("{count} failed").format(count=whole.failed) if whole.failed else ""
        self._button.show_words(
            totals_words(whole), failed, is_open=is_open, is_done=not whole.open
        )
        self.clear.setText(self.tr("Clear"))
        self.clear.setVisible(not whole.open)
        self._bar.setVisible(bool(whole.open) and not is_open)
        self._bar.setValue(round(whole.share * _STEPS))
        self._bar.setAccessibleName(self.tr("Downloads"))
        restyle(self._bar, "tone", "accent" if whole.speed > 0 else "muted")


class _SumButton(QPushButton):
    """An arrow, an icon and the words."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "row")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._arrow = TintedIcon("chevron-right", 16)
        self._icon = TintedIcon("download", 18, tone="accent")
        self._words = ElidedLabel()
        self._failed = ElidedLabel(tone="bad", size="small")
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, Space.XS, Space.S, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(self._arrow)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        row.addWidget(self._failed)
        for part in (self._arrow, self._icon, self._words, self._failed):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_words(self, words: str, failed: str, *, is_open: bool, is_done: bool) -> None:
        self._arrow.set_icon("chevron-down" if is_open else "chevron-right")
        self._icon.set_icon("check-circle" if is_done else "download", "accent")
        self._words.setText(words)
        self._failed.setText(failed)
        self._failed.setVisible(bool(failed))
        self.setAccessibleName(", ".join(part for part in (words, failed) if part))
        state = self.tr("Hide the list") if is_open else self.tr("Show the list")
        self.setAccessibleDescription(state)

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        layout = self.layout()
        return layout.minimumSize() if layout is not None else super().minimumSizeHint()


class _Rows(QWidget):
    """The rows, in order; a line shows where a carried one would be put down."""

    dropped = Signal(str, int)

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
        place -= place > now
        if place != now:
            self.dropped.emit(key, place)

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

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Grow with the rows."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._wanted())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, min(self._wanted(), _TALLEST // 2))

    def _wanted(self) -> int:
        return min(_TALLEST, self._rows.tall(max(1, self.viewport().width())))
