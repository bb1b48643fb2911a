"""How much of anything a client may have, and who has how much of it now.

Figures as in "Loopback API rules" of the security notes. Values, and one counter that belongs to
the API's thread.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
_AGAIN_SECONDS: Final = 2


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
    """Requests under way, by the address of the client."""

    def __init__(self) -> None:
        """Begin with none."""
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def take(self, client: str, slots: int) -> Iterator[None]:
        """Let a request in while `client` has no more than wait for one of `slots`; else Refused."""
        is_full = self._under_way.total() >= MOST_REQUESTS
        if is_full or self._under_way[client] >= slots + MOST_WAITING:
            raise Refused(
                429,
                "Too many requests are waiting already",
                code="rate_limit_exceeded",
                seconds=_AGAIN_SECONDS,
            )
        self._under_way[client] += 1
        try:
            yield
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]
