"""One press from its repeats: some desktops announce a key that is held again and again."""

import time
from collections.abc import Callable
from typing import Final

# A key that is held repeats this often at least. A release that nobody told of costs no more.
_REPEAT_SECONDS: Final = 1.0
# No finger is that quick: it is a repeat, told as a release and a press.
_QUICKEST_SECONDS: Final = 0.03


class Presses:
    """Which keys are held: every desktop known to give keys tells when they are let go."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._held: dict[str, float] = {}
        self._released: dict[str, float] = {}

    def is_new(self, name: str) -> bool:
        """Take a press of `name`; return whether it is one, and not the last one going on."""
        now = self._clock()
        last, self._held[name] = self._held.get(name), now
        released = self._released.get(name)
        if released is not None and now - released < _QUICKEST_SECONDS:
            return False
        return last is None or now - last > _REPEAT_SECONDS

    def released(self, name: str) -> None:
        """Take that the key was let go."""
        self._held.pop(name, None)
        self._released[name] = self._clock()

    def clear(self) -> None:
        """Forget what is held."""
        self._held.clear()
        self._released.clear()
