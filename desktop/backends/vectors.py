"""Requests that are answered by numbers: vectors of texts, and the bare loop's times.

What comes back is checked like everything from the engine process: its count, its sizes, and
whether the numbers are numbers. Plain functions; the checks run in the engine worker thread.
"""

import math
import sys
from array import array
from collections.abc import Callable, Sequence

from desktop.backends.inbox import Deliver
from desktop.domain.engine import LoopTimes
from desktop.inference import messages

_FLOAT_BYTES = 4
_MOST_DIMENSIONS = 65_536


def take_vectors(count: int, deliver: Callable[[list["array[float]"]], None]) -> Deliver:
    """Return what passes `count` good vectors on, and tells whether they were good."""

    def take(report: messages.Embedded | messages.RawLooped) -> bool:
        found = vectors(report.vectors, count) if isinstance(report, messages.Embedded) else None
        if found is not None:
            deliver(found)
        return found is not None

    return take


def take_times(tokens: int, deliver: Callable[[LoopTimes], None]) -> Deliver:
    """Return what passes the times of `tokens` tokens on, and tells whether they were good."""

    def take(report: messages.Embedded | messages.RawLooped) -> bool:
        if not isinstance(report, messages.RawLooped) or len(report.token_seconds) > tokens:
            return False
        times = (report.prompt_seconds, *report.token_seconds)
        if not all(math.isfinite(time) and time >= 0 for time in times):
            return False
        deliver(LoopTimes(report.prompt_seconds, tuple(report.token_seconds)))
        return True

    return take


def vectors(bodies: Sequence[bytes], count: int) -> list["array[float]"] | None:
    """Return `count` vectors of one length from little-endian 32-bit floats; None if they are not."""
    sizes = {len(body) for body in bodies}
    if len(bodies) != count or len(sizes) != 1:
        return None
    size = sizes.pop()
    if size % _FLOAT_BYTES or not 0 < size <= _MOST_DIMENSIONS * _FLOAT_BYTES:
        return None
    found = [array("f", body) for body in bodies]
    if sys.byteorder == "big":
        for vector in found:
            vector.byteswap()
    return found if all(math.isfinite(value) for vector in found for value in vector) else None
