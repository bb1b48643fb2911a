"""Connects the queue of downloads with all that shows it: bar, tray, dock, notifications. GUI thread."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from desktop.domain.download import Download, DownloadOrder, DownloadPhase
from desktop.domain.text import Text
from desktop.ui.download_words import totals, totals_words
from desktop.ui.downloads_bar import DownloadsBar
from desktop.ui.translation import say

__all__ = ["DownloadQueue", "DownloadsController"]


class DownloadQueue(Protocol):
    """The part of `services.downloads.Downloads` that people steer."""

    @property
    def downloads(self) -> tuple[Download, ...]:
        """All orders, in the order of the queue."""
        ...

    def add(self, order: DownloadOrder) -> str:
        """Put an order at the end; raises BadReference."""
        ...

    def pause(self, key: str) -> None:
        """Stop, and keep what there is."""
        ...

    def resume(self, key: str) -> None:
        """Go on."""
        ...

    def cancel(self, key: str) -> None:
        """Remove an order and what it has."""
        ...

    def move(self, key: str, place: int) -> None:
        """Put an order elsewhere in the queue."""
        ...

    def clear_done(self) -> None:
        """Remove what is done from the list."""
        ...

    def watch(self, observer: Callable[[tuple[Download, ...]], None]) -> Callable[[], None]:
        """Tell `observer` of changes, in other threads."""
        ...


class DownloadsController(QObject):
    """Hears of the queue from its threads; everybody else hears of it from here."""

    changed = Signal(object)
    """(tuple of Download): a few times a second while something moves."""
    progress_told = Signal(str, float, int)
    """(words, share from 0 to 1, number of downloads): for the tray and the dock."""
    finished = Signal(object)
    """(DownloadOrder): all its files are here, verified."""
    announced = Signal(str)
    """(words): for a notification."""

    _news_came = Signal(object)

    def __init__(self, queue: DownloadQueue, parent: QObject | None = None) -> None:
        """Begin to watch `queue`."""
        super().__init__(parent)
        self._queue = queue
        self._seen: tuple[Download, ...] = queue.downloads
        self._news_came.connect(self._on_news_came, Qt.ConnectionType.QueuedConnection)
        self._end_watch = queue.watch(self._news_came.emit)

    @property
    def downloads(self) -> tuple[Download, ...]:
        """The queue as last heard of."""
        return self._seen

    def attach(self, bar: DownloadsBar) -> None:
        """Show the queue in `bar`, and do what it asks for."""
        bar.pause_requested.connect(self._queue.pause)
        bar.resume_requested.connect(self._queue.resume)
        bar.cancel_requested.connect(self._queue.cancel)
        bar.clear_requested.connect(self._queue.clear_done)
        bar.move_requested.connect(self._queue.move)
        bar.page_requested.connect(_open_page)
        self.changed.connect(bar.set_downloads)
        bar.set_downloads(self._seen)

    def add(self, order: DownloadOrder) -> None:
        """Put an order at the end of the queue; raises BadReference."""
        self._queue.add(order)

    def pause(self, key: str) -> None:
        """Stop an order, and keep what there is."""
        self._queue.pause(key)

    def resume(self, key: str) -> None:
        """Let an order go on."""
        self._queue.resume(key)

    def find(self, key: str) -> DownloadOrder | None:
        """Return the order of that key."""
        return next((each.order for each in self._seen if each.order.key == key), None)

    def close(self) -> None:
        """Hear no more; idempotent."""
        self._end_watch()

    def _on_news_came(self, downloads: tuple[Download, ...]) -> None:
        before = {each.order.key: each.phase for each in self._seen}
        self._seen = downloads
        self.changed.emit(downloads)
        for each in downloads:
            # One that nobody heard of before was so quick that all news of it came as one.
            if each.phase is DownloadPhase.DONE and before.get(each.order.key) is not each.phase:
                self.finished.emit(each.order)
                self.announced.emit(say(Text("{name} is ready", {"name": each.order.title})))
        whole = totals(downloads)
        words = totals_words(whole) if whole.open else ""
        self.progress_told.emit(words, whole.share, whole.open)


def _open_page(address: str) -> None:
    url = QUrl(address, QUrl.ParsingMode.StrictMode)
    if url.scheme() == "https" and url.isValid():
        QDesktopServices.openUrl(url)
