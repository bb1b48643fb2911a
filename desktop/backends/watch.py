"""Watching an engine process by the tick: that it lives, that it gets on, that somebody needs it.

Its second thread can answer a ping while native code hangs, so real progress is asked for as well,
with more patience. Counted in ticks of the worker thread, not in seconds: a computer that slept
has missed no ticks, and a clock that jumps moves none. Lives in the engine worker thread.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from desktop.backends.inbox import Running

TICK_SECONDS = 2.0
SILENCE_SECONDS = 16.0
# Until the first word, a cold disk and graphics drivers have their time.
_START_PATIENCE = 4
_IGNORED_TICKS = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What may change while Lapis runs, asked in the worker thread when it matters.

    `idle`: seconds without a request until the process is ended, None for never. `stall`: seconds
    without progress until it is held to hang. `states`: bytes of KV states kept on the disk.
    """

    idle: Callable[[], float | None] = lambda: None
    stall: Callable[[], float] = lambda: 600.0
    states: Callable[[], int] = lambda: 0


class Verdict(Enum):
    """What a tick came to: `ASK` for a sign of life; `DEAF` ignores a stop; `UNUSED` for too long."""

    FINE = auto()
    ASK = auto()
    HUNG = auto()
    DEAF = auto()
    UNUSED = auto()


class Watch:
    """Counts the ticks of one process."""

    def __init__(self, limits: Limits) -> None:
        """Start counting."""
        self._limits = limits
        self._silent = self._still = self._unused = 0
        self._spoken = False

    def begin(self) -> None:
        """Start anew, for a process that has just been started."""
        self._silent = self._still = self._unused = 0
        self._spoken = False

    def heard(self, *, progress: bool) -> None:
        """Note a sign of life, or of `progress`: a short answer fits between two ticks."""
        self._spoken = True
        self._silent = 0
        if progress:
            self._still = self._unused = 0

    def tick(self, requests: Iterable[Running], *, loading: bool) -> Verdict:
        """Return what is to be done after one more tick with these requests under way."""
        under_way = list(requests)
        if not under_way and not loading:
            self._silent = self._still = 0
            self._unused += 1
            limit = self._limits.idle()
            unused = limit is not None and self._unused * TICK_SECONDS >= limit
            return Verdict.UNUSED if unused else Verdict.FINE
        self._unused = 0
        self._silent += 1
        self._still += 1
        ignored = 0
        for running in under_way:
            running.ticks_since_cancel += running.cancelled
            ignored = max(ignored, running.ticks_since_cancel)
        patience = SILENCE_SECONDS * (1 if self._spoken else _START_PATIENCE)
        if (
            self._silent * TICK_SECONDS >= patience
            or self._still * TICK_SECONDS >= self._limits.stall()
        ):
            return Verdict.HUNG
        return Verdict.DEAF if ignored >= _IGNORED_TICKS else Verdict.ASK
