"""How far Ollama is with fetching a model, added up from what it says of each of its parts. Pure."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from desktop.backends.ollama import reading
from desktop.base.json_values import count
from desktop.domain.connection import PullProgress

_WINDOW_SECONDS: Final = 5.0
_MOST_PARTS: Final = 1024


class Pull:
    """One fetching. `is_done` once Ollama says that it is."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin; `clock` counts seconds."""
        self._clock = clock
        self._parts: dict[str, tuple[int, int]] = {}
        # When how many bytes had come since the beginning; what was there before is no speed.
        self._came = 0
        self._marks: deque[tuple[float, int]] = deque()
        self.is_done = False

    def progress(self, told: Mapping[str, object]) -> PullProgress:
        """Take the next line; return how far the whole is."""
        digest = told.get("digest")
        if isinstance(digest, str) and (digest in self._parts or len(self._parts) < _MOST_PARTS):
            self._take(digest, count(told.get("completed")), count(told.get("total")))
        self.is_done = told.get("status") == "success"
        done = sum(part for part, _ in self._parts.values())
        total = sum(whole for _, whole in self._parts.values())
        return PullProgress(reading.short(told.get("status")), done, total, self._speed())

    def _take(self, digest: str, done: int, total: int) -> None:
        # A part may be told of without how far it is, and never goes back.
        before = self._parts.get(digest)
        done = min(max(done, before[0] if before else 0), total)
        if before is not None:
            self._came += max(0, done - before[0])
        self._parts[digest] = done, total

    def _speed(self) -> float:
        now = self._clock()
        self._marks.append((now, self._came))
        while now - self._marks[0][0] > _WINDOW_SECONDS and len(self._marks) > 2:
            self._marks.popleft()
        began, had = self._marks[0]
        return (self._came - had) / (now - began) if now > began else 0.0
