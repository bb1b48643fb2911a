"""Who has the keyboard on Windows, and giving it to a window. Never run on Windows so far.

Windows lets a process do that only if it had the last key or click, or is in front itself. For when
it does not, there are two ways that Microsoft's own programs take. A program that hangs is left
alone: whoever joins its input hangs as well. Blocks for the time given; any thread.
"""

import ctypes
import time
from typing import Final

from desktop.base.native import DWORD
from desktop.system.front.windows_keys import NOBODYS, press
from desktop.system.front.windows_library import Libraries

_PAUSE_SECONDS: Final = 0.015


def in_front(libraries: Libraries) -> int:
    """Return the window that has the keyboard; 0 for none, such as between two of them."""
    return libraries.user32.GetForegroundWindow() or 0


def process_of(libraries: Libraries, window: int) -> int:
    """Return the process of a window; 0 if it is gone."""
    process = DWORD()
    libraries.user32.GetWindowThreadProcessId(window, ctypes.byref(process))
    return process.value


def take_focus(libraries: Libraries, window: int, seconds: float) -> bool:
    """Give the keyboard to `window`, and return whether it has it within `seconds`."""
    until = time.monotonic() + seconds
    if in_front(libraries) == window:
        return True
    for way in (_ask, _join, _tap):
        way(libraries, window)
        if _has_it(libraries, window, until if way is _tap else time.monotonic()):
            return True
    return False


def _ask(libraries: Libraries, window: int) -> None:
    libraries.user32.SetForegroundWindow(window)


def _join(libraries: Libraries, window: int) -> None:
    """Ask as a part of the program that has the keyboard."""
    user32, front = libraries.user32, in_front(libraries)
    ours = libraries.kernel32.GetCurrentThreadId()
    theirs = user32.GetWindowThreadProcessId(front, None) if front else 0
    if theirs in {0, ours} or user32.IsHungAppWindow(front):
        return
    if user32.AttachThreadInput(ours, theirs, 1):
        try:
            user32.SetForegroundWindow(window)
        finally:
            user32.AttachThreadInput(ours, theirs, 0)


def _tap(libraries: Libraries, window: int) -> None:
    """Press a key that means nothing, to be who had the last one; Alt would open a menu."""
    press(libraries, NOBODYS)
    libraries.user32.SetForegroundWindow(window)


def _has_it(libraries: Libraries, window: int, until: float) -> bool:
    while in_front(libraries) != window:
        if time.monotonic() >= until:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True
