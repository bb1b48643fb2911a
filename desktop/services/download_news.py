"""Who watches the queue of downloads, and the thread that tells them.

Whatever happens in the queue is told from here, at most five times a second, and while anything
moves once a second: speeds fall and waits run down without an event of their own. Any thread.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

from desktop.base.guard import guarded
from desktop.domain.download import Download, DownloadPhase

Shown: TypeAlias = tuple[Download, ...]
Observer: TypeAlias = Callable[[Shown], None]

_NEWS_SECONDS: Final = 0.2
_COUNTDOWN_SECONDS: Final = 1.0


class DownloadNews:
    """Those who watch, told of what `look` returns; close it at the end."""

    def __init__(self, look: Callable[[], Shown]) -> None:
        """Watch nothing yet; `look` is called from a thread of this module."""
        self._look = look
        self._changed = threading.Condition()
        self._observers: list[Observer] = []
        self._has_news = False
        self._is_closing = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, observer: Observer) -> Callable[[], None]:
        """Tell `observer` now and after changes; return how to end it."""
        with self._changed:
            if self._thread is None and not self._is_closing:
                thread = threading.Thread(target=self._run, name="download-news", daemon=True)
                thread.start()
                self._thread = thread
            self._observers.append(observer)
        self.tell()

        def end() -> None:
            with self._changed, suppress(ValueError):
                self._observers.remove(observer)

        return end

    def tell(self) -> None:
        """Something has changed; waits for nobody."""
        with self._changed:
            self._has_news = True
            self._changed.notify_all()

    def close(self) -> threading.Thread | None:
        """Tell once more and no longer; return the thread that does it, if there is one."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._ended.set()
        return self._thread

    def _run(self) -> None:
        moves = False
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._has_news or self._is_closing,
                    _COUNTDOWN_SECONDS if moves else None,
                )
                self._has_news = False
                observers, closing = list(self._observers), self._is_closing
            shown = self._look()
            moves = any(_moves(each.phase) for each in shown)
            for observer in observers:
                guarded(observer, "watching downloads")(shown)
            if closing:
                return
            self._ended.wait(_NEWS_SECONDS)


def _moves(phase: DownloadPhase) -> bool:
    return not phase.is_at_rest and phase is not DownloadPhase.QUEUED
