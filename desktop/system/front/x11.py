"""The program in front under X11: which window it is, what is selected in it, text put into it.

Two connections: one answers who is in front, at once and from any thread, while the other may be
waiting for a program that does not answer. A server that is gone is no error here: then nothing is
selected, and nothing can be pasted. What speaks with the server is loaded with the first question.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from desktop.system.front.base import FrontWindow, Pasted, Selection

if TYPE_CHECKING:
    from desktop.system.front.x11_windows import Windows

__all__ = ["X11Front"]

_CLOSE_SECONDS: Final = 0.5

Found = TypeVar("Found")


class X11Front:
    """See `Front`, and `ClipboardKeeper`. `current` from any thread, the rest one at a time."""

    def __init__(self, display: str, own_process: int) -> None:
        """Connect to `display` when it is first needed; windows of `own_process` never count."""
        self._looking = _Connection(display, own_process)
        self._working = _Connection(display, own_process)
        self._noted: FrontWindow | None = None

    @property
    def can_read(self) -> bool:
        """Text that is selected is there for everybody, in the primary selection."""
        return True

    @property
    def can_copy(self) -> bool:
        """Nobody needs to press keys for it."""
        return False

    @property
    def can_paste(self) -> bool:
        """Where the server lacks what is needed, the attempt says so."""
        return True

    def current(self) -> FrontWindow | None:
        """Return the window that has the keyboard, None if it is ours."""
        self._noted = self._looking.use(lambda windows: windows.current(), None)
        return self._noted

    def selection(self, time_ms: int = 0) -> Selection:
        """Return the primary selection."""
        noted = self._noted
        return self._working.use(lambda windows: windows.selection(time_ms, noted), Selection())

    def copy_selection(self) -> Selection:
        """Return the primary selection: it is what copying would give."""
        return self.selection()

    def clipboard(self) -> dict[str, bytes]:
        """Return what was copied, by MIME type, so that it can be put back; at most a second."""
        return self._working.use(lambda windows: windows.clipboard(), {})

    def give_focus(self, window: FrontWindow) -> bool:
        """Ask the window manager to give the keyboard to `window`, and wait until it has it."""
        return self._working.use(lambda windows: windows.give_focus(window), False)

    def paste(self, window: FrontWindow) -> Pasted:
        """Press the keys once `window` has the keyboard and nothing is held; at most 3 seconds."""
        return self._working.use(lambda windows: windows.paste(window), Pasted.REFUSED)

    def close(self) -> None:
        """Give both connections back."""
        self._looking.close()
        self._working.close()


class _Connection:
    """A connection made when it is first used, and anew after it was lost."""

    def __init__(self, display: str, own_process: int) -> None:
        self._display = display
        self._own_process = own_process
        self._windows: Windows | None = None
        self._guard = threading.Lock()
        self._is_closed = False

    def use(self, work: Callable[["Windows"], Found], otherwise: Found) -> Found:
        """Return what `work` returns, or `otherwise` where the server refuses or is gone."""
        import xcffib

        from desktop.system.front.x11_windows import Windows

        with self._guard:
            if self._is_closed:
                return otherwise
            try:
                if self._windows is None:
                    self._windows = Windows(self._display, self._own_process)
                return work(self._windows)
            except xcffib.Error:
                # Windows of other programs go away at any time.
                return otherwise
            except xcffib.XcffibException:
                self._drop()
                return otherwise

    def close(self) -> None:
        """End it. Who still waits for a program keeps it, until the process ends."""
        self._is_closed = True
        if self._guard.acquire(timeout=_CLOSE_SECONDS):
            self._drop()
            self._guard.release()

    def _drop(self) -> None:
        if self._windows is not None:
            self._windows.close()
            self._windows = None
