"""How long a fetch waits for what, and how often it tries again: the numbers of `Limits` at work.

In the thread of the fetch, which can be told to stop at any time.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from desktop.domain.errors import LapisError, TooManyRequests
from desktop.hub.fetch_values import Limits, Stopped
from desktop.hub.fetch_words import silent
from desktop.hub.pump import Nothing, Pump

Item = TypeVar("Item")
_CHECK_SECONDS: Final = 0.1


class Patience:
    """Waiting that ends when `stop` is set; `on_quiet` is called while nothing comes for long."""

    def __init__(self, stop: threading.Event, limits: Limits, on_quiet: Callable[[], None]) -> None:
        self._stop = stop
        self._limits = limits
        self._on_quiet = on_quiet

    def check(self) -> None:
        """Raise Stopped if that is wished."""
        if self._stop.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Wait; raises Stopped."""
        if self._stop.wait(seconds):
            raise Stopped

    def take(self, pump: Pump[Item]) -> Item | Nothing:
        """Return what comes next, `Nothing.MORE` at the end.

        Raises Stopped, what the pump raises, and an Unreachable after too long a silence.
        """
        begun = time.monotonic()
        while True:
            self.check()
            item = pump.take(min(_CHECK_SECONDS, self._limits.silence))
            if item is not Nothing.YET:
                return item
            waited = time.monotonic() - begun
            if waited > self._limits.silence:
                raise silent()
            if waited > self._limits.quiet:
                self._on_quiet()


class Budget:
    """What is left of the tries that a source gets."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # In a row, without a byte in between.
        self.failures = 0
        self._waits = 0
        # Over the whole fetch.
        self._restarts = 0
        self._mismatches = 0

    def progressed(self) -> None:
        """Count a byte that came."""
        self.failures = self._waits = 0

    def fail(self, error: LapisError) -> float:
        """Count a failure and return how long to wait; raises `error` when it was the last."""
        self.failures += 1
        if self.failures > self._limits.retries:
            raise error
        pause = self._limits.pause * 2.0 ** (self.failures - 1)
        return min(self._limits.longest_pause, pause)

    def told_to_wait(self, error: TooManyRequests) -> float:
        """Return how long the server wants to be left alone; raises `error` if that is too much."""
        self._waits += 1
        if self._waits > self._limits.waits or error.seconds > self._limits.longest_wait:
            raise error
        return error.seconds

    def restart(self, error: LapisError) -> None:
        """Count a beginning anew; raises `error` when there were too many."""
        self._restarts += 1
        if self._restarts > self._limits.restarts:
            raise error

    def mismatch(self, error: LapisError) -> None:
        """Count wrong bytes; raises `error` when that was the last chance."""
        self._mismatches += 1
        if self._mismatches > self._limits.mismatches:
            raise error
