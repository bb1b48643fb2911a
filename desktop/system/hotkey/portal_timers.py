"""What is to be done later, for one that is called now and then: no threads, no sleeping."""

import time
from collections.abc import Callable
from itertools import count


class Timers:
    """Actions with a time each; whoever owns them calls `run` when the time has come."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._due: dict[int, tuple[float, Callable[[], None]]] = {}

    def start(self, seconds: float, action: Callable[[], None]) -> int:
        """Have `action` called after `seconds`; return the number to stop it by."""
        number = next(self._numbers)
        self._due[number] = (time.monotonic() + seconds, action)
        return number

    def stop(self, number: int) -> None:
        """Forget an action; nothing where it was called or stopped already."""
        self._due.pop(number, None)

    def clear(self) -> None:
        """Forget them all."""
        self._due.clear()

    def run(self) -> float | None:
        """Call what is due; return the seconds until the next, None where nothing is."""
        now = time.monotonic()
        for number in [number for number, (at, _) in self._due.items() if at <= now]:
            # One action may have stopped another.
            _, action = self._due.pop(number, (0.0, None))
            if action is not None:
                action()
        if not self._due:
            return None
        return max(0.0, min(at for at, _ in self._due.values()) - time.monotonic())
