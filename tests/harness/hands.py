"""Hands at the keyboard of a virtual screen, and eyes: without a program that first has to start.

`xdotool` takes longer to start than a key takes to work. One thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from Xlib import XK, X
from Xlib.display import Display
from Xlib.error import BadAccess, CatchError
from Xlib.ext import xtest

from tests.harness.screen import Screen
from tests.harness.waiting import wait_for

_NUM_LOCK, _CAPS_LOCK = "Num_Lock", "Caps_Lock"
_CAPS_BIT = 1 << 1


class Hands:
    """Presses keys by their place (keycode), or by what the keyboard types there (keysym name)."""

    def __init__(self, display: str) -> None:
        """Reach for the keyboard of `display`."""
        self._display = Display(display)
        # Before a person touches a key, the server learns which keyboard is in use.
        self.tap("Shift_L")

    def close(self) -> None:
        """Take the hands off."""
        self._display.close()

    def keycode(self, key: str | int) -> int:
        """Return where `key` is now; a number is a keycode already."""
        if isinstance(key, int):
            return key
        keysym = XK.string_to_keysym(key)
        # The library looks only once what the keys type.
        self._display._update_keymap(8, 248)
        keycode: int = self._display.keysym_to_keycode(keysym)
        assert keycode, f"no key types {key}"
        return keycode

    def down(self, key: str | int) -> None:
        """Press and hold."""
        self._send(X.KeyPress, key)

    def up(self, key: str | int) -> None:
        """Let go."""
        self._send(X.KeyRelease, key)

    def tap(self, key: str | int, *held: str) -> None:
        """Press and let go while `held` are held."""
        with self.holding(*held):
            self.down(key)
            self.up(key)

    @contextmanager
    def holding(self, *keys: str) -> Iterator[None]:
        """Hold modifiers."""
        for key in keys:
            self.down(key)
        try:
            yield
        finally:
            for key in reversed(keys):
                self.up(key)

    def can_have(self, key: str, modifiers: int) -> bool:
        """Return whether no program has taken `key` with `modifiers` (a mask) for itself."""
        root, keycode = self._display.screen().root, self.keycode(key)
        refused = CatchError(BadAccess)
        root.grab_key(keycode, modifiers, False, X.GrabModeAsync, X.GrabModeAsync, refused)
        self._display.sync()
        if refused.get_error() is not None:
            return False
        root.ungrab_key(keycode, modifiers)
        self._display.sync()
        return True

    def set_locks(self, *, num: bool = False, caps: bool = False) -> None:
        """Have NumLock and CapsLock on or off."""
        for key, bit, wanted in ((_NUM_LOCK, self._num_bit(), num), (_CAPS_LOCK, _CAPS_BIT, caps)):
            if bool(self._state() & bit) != wanted:
                self.tap(key)
            assert bool(self._state() & bit) == wanted, f"{key} does not work here"

    def picture(self, left: int, top: int, width: int, height: int) -> bytes:
        """Return what a part of the screen shows at this moment."""
        root = self._display.screen().root
        data: bytes = root.get_image(left, top, width, height, X.ZPixmap, 0xFFFF_FFFF).data
        return data

    def focus(self) -> int:
        """Return the number of the window that has the keyboard."""
        focus = self._display.get_input_focus().focus
        return focus if isinstance(focus, int) else int(focus.id)

    def _send(self, kind: int, key: str | int) -> None:
        xtest.fake_input(self._display, kind, self.keycode(key))
        self._display.sync()

    def _state(self) -> int:
        mask: int = self._display.screen().root.query_pointer().mask
        return mask

    def _num_bit(self) -> int:
        keycode = self.keycode(_NUM_LOCK)
        for bit, keycodes in enumerate(self._display.get_modifier_mapping()):
            if keycode in keycodes:
                return 1 << bit
        raise AssertionError("NumLock is no modifier here")


def wait_for_menu_keys(screen: Screen) -> None:
    """Wait until a menu that opens has the keyboard to itself: it is seen a moment before."""

    def has_it() -> bool:
        display = Display(screen.environment["DISPLAY"])
        try:
            root = display.screen().root
            got = root.grab_keyboard(True, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
            display.ungrab_keyboard(X.CurrentTime)
            display.sync()
        finally:
            display.close()
        return bool(got == X.AlreadyGrabbed)

    wait_for(has_it, 10, "a menu that listens to keys")
