"""What was copied last under X11, looked at without a wait that another program could make long.

Over a connection of its own, made for each look: nothing is held between two of them. Any thread.
"""

import time
from typing import Final

import xcffib

from desktop.system.front.base import Copied
from desktop.system.front.x11_display import Display
from desktop.system.front.x11_selection import SECRET_MARK, owner, read_targets, read_text

__all__ = ["copied"]

_SECONDS: Final = 0.3
_SELECTION: Final = "CLIPBOARD"


def copied(display_name: str) -> Copied:
    """Return what was copied, as far as its owner tells within a third of a second."""
    try:
        display = Display(display_name)
    except xcffib.XcffibException:
        return Copied()
    try:
        until = time.monotonic() + _SECONDS
        if not owner(display, _SELECTION):
            return Copied()
        targets = read_targets(display, _SELECTION, until)
        if SECRET_MARK in targets:
            return Copied()
        has_picture = any(name.startswith("image/") for name in targets)
        if not {"UTF8_STRING", "STRING", "text/plain"} & set(targets):
            return Copied(has_picture=has_picture)
        found = read_text(display, _SELECTION, 0, until)
        return Copied(found.text, has_picture=has_picture)
    except xcffib.XcffibException:
        return Copied()
    finally:
        display.close()
