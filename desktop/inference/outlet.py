"""Pieces of an answer merged on their way out. Engine process, main thread.

A fast model writes a thousand tokens a second, and each message costs whoever receives it more than
the token cost the model. Nobody reads that fast: pieces of one kind that follow each other within a
few milliseconds go as one. A model slower than that sends each piece at once.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Final

from desktop.inference.messages import Delta, Report

# Seconds: shorter than a frame of any screen.
_INTERVAL: Final = 0.008


class Outlet:
    """Merges the pieces of one answer; other reports keep their place among them."""

    def __init__(self) -> None:
        """Let the first piece pass at once."""
        self._held: list[str] = []
        self._last: Delta | None = None
        self._sent = 0.0

    def feed(self, reports: Iterable[Report]) -> Iterator[Report]:
        """Yield what is due of what was held, and of `reports`."""
        for report in reports:
            if not isinstance(report, Delta):
                yield from self.rest()
                yield report
                continue
            if self._last is not None and self._last.thinking != report.thinking:
                yield from self.rest()
            self._held.append(report.text)
            self._last = report
        if self._held and time.perf_counter() - self._sent >= _INTERVAL:
            yield from self.rest()

    def rest(self) -> Iterator[Report]:
        """Yield what is held."""
        last = self._last
        if last is None:
            return
        text = "".join(self._held)
        self._held.clear()
        self._last = None
        self._sent = time.perf_counter()
        yield Delta(id=last.id, text=text, thinking=last.thinking)
