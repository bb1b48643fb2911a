"""Looks for files with the same content among models of the same size, and shows that it does.

Files of equal size are nearly always the same model twice, fetched by two programs. Reading them
may take a minute, so it is done once, can be stopped, and is remembered. GUI thread.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from desktop.domain.errors import LapisError
from desktop.domain.shelf import ShelfEntry
from desktop.domain.text import Text
from desktop.services.shelf import Shelf
from desktop.ui.errands import Errand, Errands
from desktop.ui.task_lines import TaskLines, TaskProgress

__all__ = ["TwinSearch"]

_KEY = "twins"

_log = logging.getLogger(__name__)


class TwinSearch(QObject):
    """Begins when sizes are equal that were not compared yet; `done` reads the shelf again."""

    def __init__(
        self, tasks: TaskLines, shelf: Shelf, errands: Errands, done: Callable[[], None]
    ) -> None:
        """Wait for `look`."""
        super().__init__(tasks)
        self._tasks = tasks
        self._shelf = shelf
        self._errands = errands
        self._done = done
        self._compared: frozenset[int] = frozenset()
        self._errand: Errand | None = None
        tasks.stop_requested.connect(self._on_stop_requested)

    def look(self, entries: Sequence[ShelfEntry]) -> None:
        """Compare what has the same size in bytes, unless that was done in this run."""
        counts = Counter(entry.model.size for entry in entries if not entry.problem)
        equal = frozenset(size for size, count in counts.items() if size and count > 1)
        if equal <= self._compared or self._errand is not None:
            return
        self._compared |= equal
        self._errand = self._errands.run(_KEY, self._compare, self._on_ended, self._on_failed)

    def _compare(self, errand: Errand) -> bool:
        words = Text("Comparing models of the same size")

        def progress(done: int, total: int) -> None:
            shown = TaskProgress(words, done, total)
            errand.report_latest(lambda: self._show(errand, shown))

        return self._shelf.find_twins(progress, errand.stop)

    def _show(self, errand: Errand, shown: TaskProgress) -> None:
        if self._errand is errand and not errand.stop.is_set():
            self._tasks.show_task(_KEY, shown)

    def _on_stop_requested(self, key: str) -> None:
        if key == _KEY and self._errand is not None:
            self._errand.stop.set()
            self._tasks.end_task(_KEY)

    def _on_ended(self, finished: bool) -> None:
        self._leave()
        if finished:
            self._done()

    def _on_failed(self, error: LapisError) -> None:
        # Nobody asked for it, and nothing is lost: the list only says less.
        _log.info("models were not compared: %s", type(error).__name__)
        self._leave()

    def _leave(self) -> None:
        self._errand = None
        self._tasks.end_task(_KEY)
