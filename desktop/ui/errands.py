"""Work that takes time, done in other threads and told in the GUI thread.

Lanes run side by side; within a lane one errand is done after another, and a newer one mostly takes
the place of those that wait or run: what they find is told to nobody. GUI thread, except where said.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from desktop.base.worker import Worker
from desktop.domain.errors import Defect, LapisError
from desktop.domain.text import Text

__all__ = ["Errand", "Errands"]

_PATIENCE = 2.0

Found = TypeVar("Found")

_log = logging.getLogger(__name__)


class Errand:
    """What is known of the work to whoever does it. Any thread.

    `stop` asks it to end soon, with whatever it has; `cancelled` tells that nobody listens any more.
    """

    def __init__(self, tell: Callable[[Callable[[], None]], None]) -> None:
        self.stop = threading.Event()
        self.cancelled = threading.Event()
        self.ended = threading.Event()
        self._tell = tell
        self._guard = threading.Lock()
        self._latest: Callable[[], None] | None = None

    def report(self, show: Callable[[], None]) -> None:
        """Call `show` in the GUI thread, unless the errand was cancelled by then."""
        self._tell(lambda: None if self.cancelled.is_set() else show())

    def report_latest(self, show: Callable[[], None]) -> None:
        """Call `show` in the GUI thread, unless a newer one came before there was time for it."""
        with self._guard:
            is_awaited, self._latest = self._latest is not None, show
        if not is_awaited:
            self.report(self._show_latest)

    def _show_latest(self) -> None:
        with self._guard:
            show, self._latest = self._latest, None
        if show is not None:
            show()


@dataclass(frozen=True, slots=True)
class _Order:
    errand: Errand
    work: Callable[[Errand], Any]
    done: Callable[[Any], None]
    failed: Callable[[LapisError], None]
    is_owed: bool


class Errands(QObject):
    """Runs callables off the GUI thread and brings what they return or raise back into it."""

    _came = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        """Start no thread yet: a lane gets one with its first errand."""
        super().__init__(parent)
        self._lanes: dict[str, Worker[_Order]] = {}
        self._open: dict[str, list[Errand]] = {}
        self._closed = False
        self._came.connect(self._on_came, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        lane: str,
        work: Callable[[Errand], Found],
        done: Callable[[Found], None],
        failed: Callable[[LapisError], None],
        *,
        queued: bool = False,
        owed: bool = False,
    ) -> Errand:
        """Do `work` in the lane's thread; `done` or `failed` follows here, unless cancelled.

        A `queued` one leaves the others of its lane their turn. What is `owed` to a person, such as
        keeping what they wrote, is quickly done, and done also where Lapis ends meanwhile.
        """
        if not queued:
            self.cancel(lane)
        errand = Errand(self._came.emit)
        errands = self._open.setdefault(lane, [])
        errands[:] = [each for each in errands if not each.ended.is_set()]
        errands.append(errand)
        if not self._closed:
            if lane not in self._lanes:
                self._lanes[lane] = Worker(f"errand-{lane}", self._do)
            self._lanes[lane].send(_Order(errand, work, done, failed, owed))
        return errand

    def cancel(self, lane: str) -> None:
        """Let nothing more be heard of the lane's errands."""
        for errand in self._open.pop(lane, []):
            errand.cancelled.set()
            errand.stop.set()

    def close(self) -> None:
        """Cancel everything but what is owed, and end the threads; idempotent."""
        self._closed = True
        for lane in list(self._lanes):
            self.cancel(lane)
        for worker in self._lanes.values():
            worker.stop(_PATIENCE)

    @staticmethod
    def _on_came(call: Callable[[], None]) -> None:
        call()

    @staticmethod
    def _do(order: _Order) -> None:
        """Carry an order out; in the lane's thread."""
        errand = order.errand
        if errand.cancelled.is_set() and not order.is_owed:
            return
        try:
            found = order.work(errand)
        except LapisError as error:
            problem = error
            errand.report(lambda: order.failed(problem))
        except Exception:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            _log.exception("defect in an errand")
            errand.report(lambda: order.failed(_defect()))
        else:
            errand.report(lambda: order.done(found))
        finally:
            errand.ended.set()


def _defect() -> Defect:
    return Defect(
        Text("Lapis made a mistake here; this is a defect in Lapis, not yours"),
        Text("Please try again. The log in the data folder has the details."),
    )
