"""The program in front on Windows: who it is, its selection copied, text pasted. Never run so far.

Selected text is had by pressing Ctrl+C while the program has the keyboard, so only when a person
asked for it: the clipboard is put back, but a list of what was copied may show the text. Consoles
take Ctrl+C for "stop", and get Ctrl+Insert and Shift+Insert. None of it has run on Windows: tests
put functions of their own behind the declared ones.
"""

import time
from collections.abc import Callable
from typing import Final

from desktop.system.front import pressing
from desktop.system.front.base import FrontWindow, Pasted, Selection
from desktop.system.front.pressing import PressingFront, comes_back, copied
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


class WindowsFront(PressingFront[Libraries]):
    """Every window for itself; consoles have keys of their own."""

    def __init__(self, get: Callable[[], Libraries] = load) -> None:
        """Load nothing yet; `get` returns the libraries, and raises OSError for none."""
        super().__init__(get)

    def current(self) -> FrontWindow | None:
        """Return the window that has the keyboard, None for none and for ours."""
        libraries = self._libraries()
        window = in_front(libraries) if libraries is not None else 0
        if libraries is None or not window or _is_ours(libraries, window):
            return None
        program = program_name(libraries, process_of(libraries, window))
        is_console = class_name(libraries, window) in _CONSOLES or is_terminal(program)
        return FrontWindow(window, program, is_console)

    def copy_selection(self) -> Selection:
        """Press the keys for copying, read what came, and put back what was there.

        At most 600 ms, unless the program that owns the clipboard stops answering meanwhile.
        """
        libraries, window = self._libraries(), self.current()
        if libraries is None or window is None:
            return Selection()
        clipboard = Clipboard(libraries)
        if libraries.user32.IsHungAppWindow(window.handle) or clipboard.is_stuck():
            return Selection()
        is_out_of_reach = has_more_rights(libraries, process_of(libraries, window.handle))
        kept = None if is_out_of_reach else clipboard.keep()
        if kept is None:
            return Selection()
        until = time.monotonic() + pressing.SHORT_KEYS_SECONDS
        if not wait_for_free_keys(libraries, until) or in_front(libraries) != window.handle:
            return Selection()
        before = clipboard.number
        press(libraries, CONTROL, INSERT if window.is_terminal else C)
        return copied(clipboard, before, kept)

    def give_focus(self, window: FrontWindow) -> bool:
        """Give the keyboard back to `window`; one that hangs does not get it."""
        libraries = self._libraries()
        if libraries is None or libraries.user32.IsHungAppWindow(window.handle):
            return False
        return take_focus(libraries, window.handle, pressing.FOCUS_SECONDS)

    def paste(self, window: FrontWindow) -> Pasted:
        """Press the keys once `window` has the keyboard and nothing is held; at most 3 seconds.

        REFUSED for a program that runs as administrator: keys that others press never reach it.
        """
        libraries = self._libraries()
        if libraries is None:
            return Pasted.UNSUPPORTED
        if has_more_rights(libraries, process_of(libraries, window.handle)):
            return Pasted.REFUSED
        if not wait_for_free_keys(libraries, time.monotonic() + pressing.KEYS_SECONDS):
            return Pasted.REFUSED
        if not comes_back(
            window,
            lambda: in_front(libraries),
            lambda front: _is_ours(libraries, front),
            self.give_focus,
        ):
            return Pasted.FOCUS_MOVED
        keys = (SHIFT, INSERT) if window.is_terminal else (CONTROL, V)
        return Pasted.PASTED if press(libraries, *keys) else Pasted.REFUSED


def _is_ours(libraries: Libraries, window: int) -> bool:
    ours: int = libraries.kernel32.GetCurrentProcessId()
    return process_of(libraries, window) == ours
