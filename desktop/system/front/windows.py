"""The program in front on Windows: who it is, its selection copied, text pasted. Never run so far.

Selected text is had by pressing Ctrl+C while the program has the keyboard, so only when a person
asked for it: the clipboard is put back, but a list of what was copied may show the text. Consoles
take Ctrl+C for "stop", and get Ctrl+Insert and Shift+Insert. None of it has run on Windows: tests
put functions of their own behind the declared ones.
"""

import time
from collections.abc import Callable
from typing import Final

from desktop.system.front.base import FrontWindow, Pasted, Selection
from desktop.system.front.cut import selected
from desktop.system.front.terminals import is_terminal
from desktop.system.front.windows_clipboard import Clipboard
from desktop.system.front.windows_focus import in_front, process_of, take_focus
from desktop.system.front.windows_keys import (
    CONTROL,
    INSERT,
    SHIFT,
    C,
    V,
    press,
    wait_for_free_keys,
)
from desktop.system.front.windows_library import Libraries, load
from desktop.system.front.windows_programs import class_name, has_more_rights, program_name

__all__ = ["WindowsFront"]

# Classes of windows; the program in them is a shell, or has another name for each version.
_CONSOLES: Final = frozenset(
    {
        "consolewindowclass",
        "cascadia_hosting_window_class",
        "mintty",
        "putty",
        "virtualconsoleclass",
    }
)
_FOCUS_SECONDS: Final = 1.0
_OWN_WAY_SECONDS: Final = 0.15
"""How long Windows has for giving the keyboard back by itself."""
_KEYS_SECONDS: Final = 2.0
_SHORT_KEYS_SECONDS: Final = 0.2
_COPY_SECONDS: Final = 0.3
_PAUSE_SECONDS: Final = 0.01


class WindowsFront:
    """See `Front`. `get` returns the libraries, and raises OSError where there are none."""

    can_read: Final = False
    can_copy: Final = True
    can_paste: Final = True

    def __init__(self, get: Callable[[], Libraries] = load) -> None:
        """Load nothing yet."""
        self._get = get
        self._loaded: Libraries | None = None

    def current(self) -> FrontWindow | None:
        """Return the window that has the keyboard, None for none and for ours."""
        libraries = self._libraries()
        window = in_front(libraries) if libraries is not None else 0
        if libraries is None or not window or _is_ours(libraries, window):
            return None
        program = program_name(libraries, process_of(libraries, window))
        is_console = class_name(libraries, window) in _CONSOLES or is_terminal(program)
        return FrontWindow(window, program, is_console)

    def selection(self, time_ms: int = 0) -> Selection:
        """Return nothing: Windows knows no selection but inside of programs."""
        del time_ms
        return Selection()

    def copy_selection(self) -> Selection:
        """Press the keys for copying, read what came, and put back what was there.

        At most 600 ms, unless the program that owns the clipboard stops answering meanwhile.
        """
        libraries, window = self._libraries(), self.current()
        if libraries is None or window is None:
            return Selection()
        clipboard = Clipboard(libraries)
        if libraries.user32.IsHungAppWindow(window.handle) or clipboard.is_stuck():
            return Selection(is_silent=True)
        is_out_of_reach = has_more_rights(libraries, process_of(libraries, window.handle))
        kept = None if is_out_of_reach else clipboard.keep()
        if kept is None:
            return Selection()
        until = time.monotonic() + _SHORT_KEYS_SECONDS
        if not wait_for_free_keys(libraries, until) or in_front(libraries) != window.handle:
            return Selection()
        before = clipboard.number
        press(libraries, CONTROL, INSERT if window.is_terminal else C)
        text = _copied(clipboard, before)
        if clipboard.number == before:
            # Nothing is selected, or it cannot be copied.
            return Selection()
        clipboard.put_back(kept)
        return selected(text)

    def give_focus(self, window: FrontWindow) -> bool:
        """Give the keyboard back to `window`; one that hangs does not get it."""
        libraries = self._libraries()
        if libraries is None or libraries.user32.IsHungAppWindow(window.handle):
            return False
        return take_focus(libraries, window.handle, _FOCUS_SECONDS)

    def paste(self, window: FrontWindow) -> Pasted:
        """Press the keys once `window` has the keyboard and nothing is held; at most 3 seconds.

        REFUSED for a program that runs as administrator: keys that others press never reach it.
        """
        libraries = self._libraries()
        if libraries is None:
            return Pasted.UNSUPPORTED
        if has_more_rights(libraries, process_of(libraries, window.handle)):
            return Pasted.REFUSED
        if not wait_for_free_keys(libraries, time.monotonic() + _KEYS_SECONDS):
            return Pasted.REFUSED
        if not self._is_back(libraries, window):
            return Pasted.FOCUS_MOVED
        keys = (SHIFT, INSERT) if window.is_terminal else (CONTROL, V)
        return Pasted.PASTED if press(libraries, *keys) else Pasted.REFUSED

    def close(self) -> None:
        """Hold nothing: there is nothing to give back."""

    def _libraries(self) -> Libraries | None:
        if self._loaded is None:
            try:
                self._loaded = self._get()
            except (OSError, AttributeError):
                return None
        return self._loaded

    def _is_back(self, libraries: Libraries, window: FrontWindow) -> bool:
        """Wait until `window` has the keyboard. It is taken from nobody but from us."""
        start = time.monotonic()
        while (front := in_front(libraries)) != window.handle:
            waited = time.monotonic() - start
            if waited > _OWN_WAY_SECONDS and (not front or _is_ours(libraries, front)):
                return self.give_focus(window)
            if waited > _FOCUS_SECONDS:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True


def _is_ours(libraries: Libraries, window: int) -> bool:
    ours: int = libraries.kernel32.GetCurrentProcessId()
    return process_of(libraries, window) == ours


def _copied(clipboard: Clipboard, before: int) -> str:
    """Return the text that takes the place of what is on the clipboard; empty if none comes."""
    until = time.monotonic() + _COPY_SECONDS
    while time.monotonic() < until:
        # Emptied first and filled then, which counts as two changes.
        text = clipboard.text() if clipboard.number != before else ""
        if text:
            return text
        time.sleep(_PAUSE_SECONDS)
    return ""
