"""One press from its repeats: some desktops announce a key that is held again and again."""

import time
from typing import Final

# A key that is held repeats this often at least. A release that nobody told of costs no more.
_REPEAT_SECONDS: Final = 1.0


class Presses:
    """Which keys are held, as far as the desktop tells when they are let go."""

    def __init__(self) -> None:
        self._held: dict[str, float] = {}
        self._tells_releases = False

    def is_new(self, name: str) -> bool:
        """Take a press of `name`; return whether it is one, and not the last one going on."""
        now = time.monotonic()
        last = self._held.get(name)
        self._held[name] = now
        return not self._tells_releases or last is None or now - last > _REPEAT_SECONDS

    def released(self, name: str) -> None:
        """Take that the key was let go."""
        self._tells_releases = True
        self._held.pop(name, None)

    def clear(self) -> None:
        """Forget what is held; how this desktop does it is remembered."""
        self._held.clear()
