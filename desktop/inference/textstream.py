"""From token bytes to text that can be shown, at constant cost per token.

Runs inside the engine process. A character can be spread over several tokens, so incomplete UTF-8
waits; a stop string can be spread too, so only a tail that may still become one waits.
"""

import codecs
from collections.abc import Sequence


class TextStream:
    """Decodes pieces of one answer and finds its stop strings."""

    def __init__(self, stop: Sequence[str]) -> None:
        """Watch for `stop` strings; empty ones are ignored."""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stop = tuple(text for text in stop if text)
        self._reach = max((len(text) for text in self._stop), default=1) - 1
        self._held = ""
        self.stopped = False

    def feed(self, piece: bytes) -> str:
        """Return the text that is certain after `piece`; sets `stopped` at a stop string."""
        return self._pass(self._decoder.decode(piece))

    def rest(self) -> str:
        """Return what was held back when the answer ends."""
        if self.stopped:
            return ""
        text = self._pass(self._decoder.decode(b"", final=True)) + self._held
        self._held = ""
        return text

    def _pass(self, text: str) -> str:
        if self.stopped:
            return ""
        if not self._stop:
            return text
        self._held += text
        found = [at for at in (self._held.find(stop) for stop in self._stop) if at >= 0]
        if found:
            self.stopped = True
            certain, self._held = self._held[: min(found)], ""
            return certain
        keep = self._possible_stop()
        certain = self._held[: len(self._held) - keep]
        self._held = self._held[len(self._held) - keep :]
        return certain

    def _possible_stop(self) -> int:
        for length in range(min(len(self._held), self._reach), 0, -1):
            tail = self._held[-length:]
            if any(stop.startswith(tail) for stop in self._stop):
                return length
        return 0
