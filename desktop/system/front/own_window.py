"""A window of ours gets the keyboard where showing it is not enough. GUI thread; milliseconds.

On X11 the window manager sees to it, under Wayland an activation token. Never run on Windows and
macOS so far.
"""

import sys
from typing import Final

__all__ = ["take_keyboard"]

_SECONDS: Final = 0.05


def take_keyboard(handle: int, platform: str = sys.platform) -> bool:
    """Have our window, just shown, get the keyboard; False if the system does not let it.

    `handle` is what Qt calls its `winId`. To be called in the same turn as the key came in: a
    process that has just got one may come to the front, a turn later nobody may.
    """
    if platform == "win32":
        from desktop.system.front.windows_focus import take_focus
        from desktop.system.front.windows_library import load

        try:
            return take_focus(load(), handle, _SECONDS)
        except OSError:
            return False
    if platform == "darwin":
        from desktop.system.front.mac_programs import come_to_front

        return come_to_front()
    return True
