"""Finding stop strings in text that is still coming, at constant cost per piece.

Runs inside the engine process. A stop string can be spread over several tokens, so only a tail that
may still become one waits.
"""

from collections.abc import Sequence


class StopFinder:
    """Passes text on until a stop string; `found` says that one was met."""

    def __init__(self, stop: Sequence[str]) -> None:
        """Watch for `stop` strings; empty ones are ignored."""
        self._stop = tuple(text for text in stop if text)
        self._reach = max((len(text) for text in self._stop), default=1) - 1
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        """Return the text that is certain after `text`."""
        if self.found:
            return ""
        if not self._stop:
            return text
        self._held += text
        found = [(at + len(stop), at) for stop in self._stop if (at := self._held.find(stop)) >= 0]
        if found:
            # The one that is whole first, as if the text came letter by letter.
            self.found = True
            certain, self._held = self._held[: min(found)[1]], ""
            return certain
        keep = self._possible_stop()
        certain = self._held[: len(self._held) - keep]
        self._held = self._held[len(self._held) - keep :]
        return certain

    def rest(self) -> str:
        """Return what was held back when the answer ends."""
        rest, self._held = self._held, ""
        return rest

    def _possible_stop(self) -> int:
        for length in range(min(len(self._held), self._reach), 0, -1):
            tail = self._held[-length:]
            if any(stop.startswith(tail) for stop in self._stop):
                return length
        return 0
