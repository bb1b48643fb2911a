"""How far work on many files is: bytes of all of them, added up. The thread that works."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""(bytes done, bytes in all), often and in the thread that works."""


class Meter:
    """Adds up what was done and passes it on."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._done = 0
        self._total = total
        self._progress = progress

    def add(self, count: int) -> None:
        """Say that `count` more bytes are done; never tells more than there are."""
        self._done = min(self._total, self._done + count)
        self._progress(self._done, self._total)
