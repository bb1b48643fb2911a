"""How many threads compute, while other programs use the processor too. Engine process, main thread.

llama.cpp's threads wait for each other after every operation. When another program takes a core
from one of them, all of them wait, and decoding gets several times slower; with one thread fewer it
loses only that thread's share. So the processor time that others use is watched, and their cores
are left to them until they are done.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psutil

_INTERVAL_SECONDS: Final = 0.4
# Others must take this share of one more core to lose us a thread, and leave it to give it back.
_TAKEN: Final = 0.5
_LEFT: Final = 0.25
# After a longer pause what others did before says nothing about now.
_STALE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds: a clock, processor time of everybody, and of this process."""

    clock: float
    everybody: float
    own: float


class ThreadKeeper:
    """Tells how many threads to use now."""

    def __init__(self, most: int, read: Callable[[], Reading] | None = None) -> None:
        """Use up to `most` threads; `read` takes a reading."""
        self.most = max(1, most)
        self._read = read or _reading
        self._last = self._read()
        # Seconds, and processor time of others in them, since it was looked last: short answers
        # one after another are one piece of work.
        self._elapsed = self._taken = 0.0
        self.threads = self.most

    def due(self, now: float) -> bool:
        """Whether it is time to look again; `now` is monotonic."""
        return self.most > 1 and self._elapsed + now - self._last.clock >= _INTERVAL_SECONDS

    def look(self) -> int:
        """Take a reading; return how many threads to use from now on."""
        self._count()
        if self._elapsed > 0:
            self.threads = self._threads_beside(self._taken / self._elapsed)
        self._elapsed = self._taken = 0.0
        return self.threads

    def pause(self) -> None:
        """Leave out what comes now: nothing is computed until `resume`."""
        self._count()

    def resume(self) -> None:
        """Go on after a pause; after a long one, from the beginning."""
        last, self._last = self._last, self._read()
        if self._last.clock - last.clock > _STALE_SECONDS:
            self._elapsed = self._taken = 0.0

    def _count(self) -> None:
        last, self._last = self._last, self._read()
        self._elapsed += self._last.clock - last.clock
        self._taken += self._last.everybody - last.everybody - (self._last.own - last.own)

    def _threads_beside(self, others: float) -> int:
        """Return the threads to use beside programs that take `others` cores."""
        given_up = self.most - self.threads
        while given_up < self.most - 1 and others > given_up + _TAKEN:
            given_up += 1
        while given_up > 0 and others < given_up - 1 + _LEFT:
            given_up -= 1
        return self.most - given_up


def _reading() -> Reading:
    try:
        everybody = _everybody()
    except (OSError, psutil.Error):
        # A system that does not show the times of others: then nobody else counts.
        everybody = 0.0
    return Reading(time.monotonic(), everybody, time.process_time())


def _everybody() -> float:
    affinity = getattr(psutil.Process(), "cpu_affinity", None)
    usable = affinity() if affinity is not None else []
    every = psutil.cpu_times(percpu=True)
    # A container sees the times of processors that it may not use.
    mine = [every[place] for place in usable if place < len(every)] or every
    return sum(map(_busy, mine))


def _busy(total: Any) -> float:
    idle = total.idle + getattr(total, "iowait", 0.0) + getattr(total, "steal", 0.0)
    # Linux counts the time of virtual machines' guests twice.
    guests = getattr(total, "guest", 0.0) + getattr(total, "guest_nice", 0.0)
    return float(sum(total) - idle - guests)
