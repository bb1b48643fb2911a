"""Keeping the chats safe in the background: a copy a day, and an index of words that misses nothing.

One thread with connections of its own; the window neither waits for it nor for its end.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from desktop.store.copies import holds_messages, keep_daily
from desktop.store.faults import STORE_FAULTS
from desktop.store.indexing import index_missing

_FIRST_SECONDS = 8.0
_MINUTE_SECONDS = 60.0
_HOUR_SECONDS = 3600.0
_PATIENCE_SECONDS = 1.0

_log = logging.getLogger(__name__)


def _always() -> bool:
    return True


class ChatCopies:
    """Looks after the database at `path`: soon after the start, then every minute, or hour.

    `now` returns Unix seconds. What goes wrong is logged and tried again later.
    """

    def __init__(
        self,
        path: Path,
        *,
        copies_wanted: Callable[[], bool] = _always,
        now: Callable[[], float] = time.time,
        first: float = _FIRST_SECONDS,
    ) -> None:
        """Start the thread; it does nothing for `first` seconds, in which a window has to start.

        `copies_wanted` is asked each time, in the thread.
        """
        self._path = path
        self._copies_wanted = copies_wanted
        self._now = now
        self._first = first
        self._copy_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chat copies", daemon=True)
        self._thread.start()

    def close(self, timeout: float = _PATIENCE_SECONDS) -> bool:
        """End the thread; return whether it ended within `timeout` seconds. Idempotent.

        A copy that is being made is given up, and made another time.
        """
        self._stop.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause = self._first
        while not self._stop.wait(pause):
            pause = _MINUTE_SECONDS
            self._guarded(self._index)
            is_time = time.monotonic() >= self._copy_at and not self._stop.is_set()
            if is_time and self._copies_wanted():
                self._guarded(self._copy)

    def _index(self) -> None:
        index_missing(self._path, self._stop)

    def _copy(self) -> None:
        self._copy_at = time.monotonic() + _HOUR_SECONDS
        if not holds_messages(self._path):
            # The first chat is safe soon after it was begun, not an hour later.
            self._copy_at = 0.0
        elif keep_daily(self._path, now=self._now(), stop=self._stop):
            _log.info("the daily copy was made")

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except STORE_FAULTS as error:
            # A copy that is given up at the end is no fault.
            if not self._stop.is_set():
                _log.warning("chats could not be looked after: %s", type(error).__name__)
