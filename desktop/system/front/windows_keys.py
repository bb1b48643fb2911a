"""Keys pressed on Windows as if the person had, by `SendInput`. Never run on Windows so far.

What a person still holds down would change them, so that is waited for, never let go of in the
person's place. Blocks for the time given; any thread.
"""

import ctypes
import time
from collections.abc import Iterator
from typing import Final

from desktop.system.front.windows_library import Input, Keyboard, Libraries

SHIFT: Final = 0x10
CONTROL: Final = 0x11
INSERT: Final = 0x2D
C: Final = 0x43
V: Final = 0x56
NOBODYS: Final = 0xE8
"""A key that no keyboard has, and no program knows."""

# Shift, Ctrl, Alt and both Windows keys.
_MODIFIERS: Final = (SHIFT, CONTROL, 0x12, 0x5B, 0x5C)
# From Backspace on: what comes before are buttons of the mouse.
_KEYS: Final = range(0x08, 0xFF)
_DOWN: Final = 0x8000
_IS_KEYBOARD: Final = 1
_EXTENDED, _UP = 1, 2
_SCAN_OF_KEY: Final = 0
_PAUSE_SECONDS: Final = 0.01


def press(libraries: Libraries, *codes: int) -> bool:
    """Press the keys one after the other, and let them go; whether Windows took all of it.

    That it took them says nothing about the program: one with more rights does not get them, and
    no error tells.
    """
    strokes = [*((code, 0) for code in codes), *((code, _UP) for code in reversed(codes))]
    inputs = (Input * len(strokes))(*_inputs(libraries, strokes))
    sent: int = libraries.user32.SendInput(len(strokes), inputs, ctypes.sizeof(Input))
    return sent == len(strokes)


def wait_for_free_keys(libraries: Libraries, until: float) -> bool:
    """Wait until no key is down; return whether at least nothing is held that changes others.

    A key that is still down from the popup would repeat itself in the program that has the keyboard
    by now. One that is stuck is no reason to wait for ever.
    """
    while any(_is_down(libraries, code) for code in _KEYS):
        if time.monotonic() > until:
            return not any(_is_down(libraries, code) for code in _MODIFIERS)
        time.sleep(_PAUSE_SECONDS)
    return True


def _is_down(libraries: Libraries, code: int) -> bool:
    return bool(libraries.user32.GetAsyncKeyState(code) & _DOWN)


def _inputs(libraries: Libraries, strokes: list[tuple[int, int]]) -> Iterator[Input]:
    for code, flags in strokes:
        # Without it, Insert is the one among the digits, which Shift and NumLock change.
        kind = _EXTENDED if code == INSERT else 0
        stroke = Input(_IS_KEYBOARD)
        scan = libraries.user32.MapVirtualKeyW(code, _SCAN_OF_KEY)
        stroke.either.keyboard = Keyboard(code, scan, flags | kind, 0, 0)
        yield stroke
