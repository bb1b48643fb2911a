"""What has text copied and pasted by pressing keys: the part that Windows and macOS share.

Both tell nobody what is selected, and give the keyboard back by themselves when a window hides.
"""

import time
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from desktop.system.front.base import FrontWindow, Selection
from desktop.system.front.cut import selected

FOCUS_SECONDS: Final = 1.0
OWN_WAY_SECONDS: Final = 0.15
"""How long the system has for giving the keyboard back by itself."""
KEYS_SECONDS: Final = 2.0
SHORT_KEYS_SECONDS: Final = 0.2
COPY_SECONDS: Final = 0.3
PAUSE_SECONDS: Final = 0.01

_Libraries = TypeVar("_Libraries")
_Kept = TypeVar("_Kept")
_Kept_contra = TypeVar("_Kept_contra", contravariant=True)


class Copied(Protocol[_Kept_contra]):
    """The clipboard: what was kept of it can be put back."""

    @property
    def number(self) -> int:
        """Counts the changes; another number means another content."""

    def text(self) -> str:
        """Return the text that is there now."""

    def put_back(self, kept: _Kept_contra) -> object:
        """Have what was there before."""


class PressingFront(Generic[_Libraries]):
    """See `Front`. `get` returns the libraries, and raises OSError where there are none."""

    can_read: Final = False
    can_copy: Final = True
    can_paste: Final = True

    def __init__(self, get: Callable[[], _Libraries]) -> None:
        """Load nothing yet."""
        self._get = get
        self._loaded: _Libraries | None = None

    def selection(self, time_ms: int = 0) -> Selection:
        """Return nothing: here a selection is known inside of programs only."""
        del time_ms
        return Selection()

    def close(self) -> None:
        """Hold nothing: there is nothing to give back."""

    def _libraries(self) -> _Libraries | None:
        if self._loaded is None:
            try:
                self._loaded = self._get()
            except (OSError, AttributeError):
                return None
        return self._loaded


def comes_back(
    window: FrontWindow,
    in_front: Callable[[], int],
    is_ours: Callable[[int], bool],
    give: Callable[[FrontWindow], bool],
) -> bool:
    """Wait until `window` has the keyboard. It is taken with `give`, from nobody but from us.

    `in_front` returns who has it, 0 for nobody.
    """
    start = time.monotonic()
    while (front := in_front()) != window.handle:
        waited = time.monotonic() - start
        if waited > OWN_WAY_SECONDS and (not front or is_ours(front)):
            return give(window)
        if waited > FOCUS_SECONDS:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def copied(clipboard: Copied[_Kept], before: int, kept: _Kept) -> Selection:
    """Return the text that comes to the clipboard, where `kept` is put back then.

    `before` is the number of what is there. Nothing comes if nothing is selected, or if it cannot
    be copied.
    """
    until = time.monotonic() + COPY_SECONDS
    text = ""
    while not text and time.monotonic() < until:
        # Emptied first and filled then, which may count as two changes.
        text = clipboard.text() if clipboard.number != before else ""
        if not text:
            time.sleep(PAUSE_SECONDS)
    if clipboard.number == before:
        return Selection()
    clipboard.put_back(kept)
    return selected(text)
