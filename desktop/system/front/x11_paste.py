"""Keys pressed for the person in another X program, through the XTEST extension.

Keys are where the keyboard of the moment has them; what is held is waited for, never let go of in
the person's place. Blocks for the time given.
"""

import time
from typing import Final

import xcffib.xtest

from desktop.domain.hotkey import Chord
from desktop.system.front.x11_display import Display
from desktop.system.hotkey.x11_keyboard import Keyboard, keyboard

__all__ = ["can_press", "press_paste", "wait_for_free_keys"]

_PAUSE_SECONDS: Final = 0.01
_PRESS, _RELEASE = 2, 3
"""KeyPress and KeyRelease of the core protocol."""
_MODIFIERS: Final = 8
"""Rows of the modifier map, and the lowest bits of a state."""
_SMALL_V: Final = 0x76

_PASTE: Final = Chord(ctrl=True, alt=False, shift=False, meta=False, key="V")
# What all terminals know, and most other programs, on every layout. Some take the primary selection
# then and some the clipboard: whoever puts text into one puts it into both.
_PASTE_IN_TERMINAL: Final = Chord(ctrl=False, alt=False, shift=True, meta=False, key="Ins")


def can_press(display: Display) -> bool:
    """Return whether the server lets programs press keys."""
    name = "XTEST"
    reply = display.core.QueryExtension(name_len=len(name), name=name).reply()
    return bool(reply.present)


def wait_for_free_keys(display: Display, until: float) -> bool:
    """Wait until no key is down; return whether at least nothing is held that changes others.

    A key that is still down from the popup would repeat itself in the program that has the keyboard
    by now. One that is stuck is no reason to wait for ever.
    """
    locks = sum(_keyboard(display)[0].locks)
    while True:
        pointer, keymap = display.core.QueryPointer(display.root), display.core.QueryKeymap()
        held = pointer.reply().mask & ((1 << _MODIFIERS) - 1) & ~locks
        if not any(keymap.reply().keys) and not held:
            return True
        if time.monotonic() > until:
            return not held
        time.sleep(_PAUSE_SECONDS)


def press_paste(display: Display, *, is_terminal: bool) -> bool:
    """Press and let go the keys for pasting; False if this keyboard does not have them."""
    keys, modifiers = _keyboard(display)
    types_v = any(_SMALL_V in row for row in keys.symbols)
    place = keys.place(_PASTE_IN_TERMINAL if is_terminal or not types_v else _PASTE)
    if place is None:
        return False
    held = [modifiers[row] for row in range(_MODIFIERS) if place.held & 1 << row]
    if not all(held):
        return False
    presses = [*held, place.keycode]
    test = display.connection(xcffib.xtest.key)
    for kind, keycodes in ((_PRESS, presses), (_RELEASE, presses[::-1])):
        for keycode in keycodes:
            test.FakeInputChecked(kind, keycode, 0, display.root, 0, 0, 0).check()
    return True


def _keyboard(display: Display) -> tuple[Keyboard, tuple[int, ...]]:
    """Return the keyboard, and for each of the eight modifiers one key that is it; 0 for none."""
    first = display.setup.min_keycode
    symbols = display.core.GetKeyboardMapping(first, display.setup.max_keycode - first + 1)
    modifiers = display.core.GetModifierMapping()
    typed, held = symbols.reply(), modifiers.reply()
    each = held.keycodes_per_modifier
    codes = tuple(held.keycodes)
    rows = [codes[row * each : (row + 1) * each] for row in range(_MODIFIERS)]
    known = keyboard(first, typed.keysyms_per_keycode, tuple(typed.keysyms), codes, each)
    return known, tuple(next(filter(None, row), 0) for row in rows)
