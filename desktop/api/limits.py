"""How much of anything a client may have, and who has how much of it now.

Figures as in "Loopback API rules" of the security notes. Values, and one counter that belongs to
the API's thread.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from desktop.api.refused import Refused

LONGEST_TARGET: Final = 8 * 1024
MOST_HEADERS: Final = 100
LARGEST_HEAD: Final = 32 * 1024
LARGEST_BODY: Final = 10 * 1024 * 1024
LARGEST_WITH_PICTURES: Final = 20 * 1024 * 1024
MOST_CONNECTIONS: Final = 32
MOST_REQUESTS: Final = 32
MOST_WAITING: Final = 4
_LATELY: Final = 16
_LONGEST_WAIT: Final = 60


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds.

    For the `head` of a request, for the next `body_piece` and for the whole `body`, for a client that
    is not `reading`, while one is `draining` what was refused, and on a connection that is `idle`.
    """

    head: float = 10.0
    body_piece: float = 10.0
    body: float = 60.0
    reading: float = 30.0
    draining: float = 2.0
    idle: int = 5


class Turns:
    """Requests under way, by the address of the client, and how long the latest ones took."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with none."""
        self._clock = clock
        self._under_way: dict[str, list[float]] = {}
        self._took: deque[float] = deque(maxlen=_LATELY)

    @contextmanager
    def take(self, client: str, slots: int) -> Iterator[None]:
        """Let a request in while `client` has no more than wait for one of `slots`; else Refused."""
        own = self._under_way.get(client, [])
        everybodys = [begun for each in self._under_way.values() for begun in each]
        is_full = len(everybodys) >= MOST_REQUESTS
        if is_full or len(own) >= slots + MOST_WAITING:
            raise Refused(
                429,
                "Too many requests are waiting already",
                code="rate_limit_exceeded",
                seconds=self._until_one_ends(everybodys if is_full else own),
            )
        begun = self._clock()
        self._under_way.setdefault(client, own).append(begun)
        try:
            yield
        finally:
            self._took.append(self._clock() - begun)
            own.remove(begun)
            if not own:
                del self._under_way[client]

    def _until_one_ends(self, begun: Sequence[float]) -> int:
        """Return the whole seconds until one of those that have `begun` is likely to have ended.

        As many come out in the time that one takes as there are inside (Little's law). Whoever is
        inside longer than the latest took says that they took too short to judge by.
        """
        now = self._clock()
        takes = max(fmean(self._took or [0.0]), fmean(now - each for each in begun))
        return min(max(math.ceil(takes / len(begun)), 1), _LONGEST_WAIT)
