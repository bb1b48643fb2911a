"""Windows of other X programs: who has the keyboard, what is selected there, keys pressed there.

Raises what `Display` raises; each method blocks as long as it says. One thread at a time.
"""

import struct
import time
from dataclasses import replace
from typing import Final

from xcffib.xproto import EventMask, InputFocus

from desktop.system.front.base import FrontWindow, Pasted, Selection
from desktop.system.front.terminals import is_terminal
from desktop.system.front.x11_display import Display
from desktop.system.front.x11_paste import can_press, press_paste, wait_for_free_keys
from desktop.system.front.x11_selection import owner, read_everything, read_text

__all__ = ["Windows"]

_SELECTION_SECONDS: Final = 0.25
_CLIPBOARD_SECONDS: Final = 1.0
_FOCUS_SECONDS: Final = 1.0
_KEYS_SECONDS: Final = 2.0
_MANAGER_SECONDS: Final = 0.2
"""How long a window manager has for giving the focus back by itself."""
_PAUSE_SECONDS: Final = 0.015
_LAST_TIME: Final = 0xFFFFFFFF
_NOWHERE: Final = (0, InputFocus.PointerRoot)
_HIGHEST_TREE: Final = 32
_CLIENT_MESSAGE: Final = 33
_BY_THE_PERSON: Final = 2
"""The source of a _NET_ACTIVE_WINDOW message that window managers follow."""


class Windows:
    """One connection, and what is known and done over it."""

    def __init__(self, display: str, own_process: int) -> None:
        """Connect to `display`."""
        self._display = Display(display)
        self._own_process = own_process

    def close(self) -> None:
        """End the connection; idempotent."""
        self._display.close()

    def current(self) -> FrontWindow | None:
        """Return the window that has the keyboard, None for none and for ours; at once."""
        display = self._display
        window = self._active()
        if window in _NOWHERE:
            return None
        names, process = display.atoms("WM_CLASS", "_NET_WM_PID")
        named, owned = display.ask(window, names), display.ask(window, process)
        called = named.get().data.decode("utf-8", "replace").lower().split("\0")
        if owned.get().number == self._own_process:
            return None
        # The window's own name and that of the program, such as "xterm" and "XTerm".
        program = called[1] if len(called) > 1 and called[1] else called[0]
        return FrontWindow(window, program, any(map(is_terminal, called)))

    def selection(self, time_ms: int, noted: FrontWindow | None) -> Selection:
        """Return the primary selection; `noted` is the window in front. At most 250 ms."""
        display = self._display
        holder = owner(display, "PRIMARY")
        if not holder:
            return Selection()
        until = time.monotonic() + _SELECTION_SECONDS
        found = read_text(display, "PRIMARY", time_ms & _LAST_TIME, until)
        is_elsewhere = noted is not None and not display.is_one_program(holder, noted.handle)
        return replace(found, is_elsewhere=is_elsewhere)

    def clipboard(self) -> dict[str, bytes]:
        """Return what was copied, by MIME type; at most a second."""
        until = time.monotonic() + _CLIPBOARD_SECONDS
        return read_everything(self._display, "CLIPBOARD", until)

    def give_focus(self, window: FrontWindow) -> bool:
        """Have `window` get the keyboard, and return whether it has it; at most a second."""
        if self._waited_for(window.handle, _MANAGER_SECONDS):
            return True
        self._ask_for_focus(window.handle)
        return self._waited_for(window.handle, _FOCUS_SECONDS - _MANAGER_SECONDS)

    def paste(self, window: FrontWindow) -> Pasted:
        """Press the keys once `window` has the keyboard and nothing is held; at most 3 seconds."""
        if not can_press(self._display):
            return Pasted.UNSUPPORTED
        if not wait_for_free_keys(self._display, time.monotonic() + _KEYS_SECONDS):
            return Pasted.REFUSED
        if not self._is_back(window.handle):
            return Pasted.FOCUS_MOVED
        is_pressed = press_paste(self._display, is_terminal=window.is_terminal)
        return Pasted.PASTED if is_pressed else Pasted.REFUSED

    def _is_back(self, window: int) -> bool:
        """Wait until `window` has the keyboard. It is taken from nobody but from us."""
        if self._waited_for(window, _MANAGER_SECONDS):
            return True
        if self._is_ours_or_nowhere():
            self._ask_for_focus(window)
        return self._waited_for(window, _FOCUS_SECONDS - _MANAGER_SECONDS)

    def _waited_for(self, window: int, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not self._has_keyboard(window):
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True

    def _is_ours_or_nowhere(self) -> bool:
        active = self._active()
        (process,) = self._display.atoms("_NET_WM_PID")
        if active in _NOWHERE:
            return True
        return self._display.ask(active, process).get().number == self._own_process

    def _active(self) -> int:
        """Return the window that the window manager calls active; without one, who has the focus."""
        display = self._display
        active, names = display.atoms("_NET_ACTIVE_WINDOW", "WM_CLASS")
        found = display.ask(display.root, active).get()
        if found.kind:
            return found.number
        window: int = display.core.GetInputFocus().reply().focus
        for _ in range(_HIGHEST_TREE):
            # The focus may be on a part of the window; it is the window that has a name.
            if window in (*_NOWHERE, display.root) or display.ask(window, names).get().data:
                break
            window = display.core.QueryTree(window).reply().parent
        return 0 if window == display.root else window

    def _has_keyboard(self, window: int) -> bool:
        """Return whether keys that are pressed now would reach `window`.

        The window manager's word is not enough: the focus follows it, or something else has it.
        """
        display = self._display
        focus: int = display.core.GetInputFocus().reply().focus
        if focus in _NOWHERE or self._active() != window:
            return False
        return display.is_one_program(focus, window) or self._is_inside(focus, window)

    def _is_inside(self, window: int, ancestor: int) -> bool:
        for _ in range(_HIGHEST_TREE):
            if window in (ancestor, self._display.root, 0):
                break
            window = self._display.core.QueryTree(window).reply().parent
        return window == ancestor

    def _ask_for_focus(self, window: int) -> None:
        """Ask the window manager (EWMH 1.5, _NET_ACTIVE_WINDOW); without one, give it ourselves."""
        display = self._display
        (active,) = display.atoms("_NET_ACTIVE_WINDOW")
        if not display.ask(display.root, active).get().kind:
            display.core.SetInputFocusChecked(InputFocus.PointerRoot, window, 0).check()
            return
        message = struct.pack(
            "=BBHII5I", _CLIENT_MESSAGE, 32, 0, window, active, _BY_THE_PERSON, 0, 0, 0, 0
        )
        mask = EventMask.SubstructureNotify | EventMask.SubstructureRedirect
        display.core.SendEventChecked(
            propagate=False, destination=display.root, event_mask=mask, event=message
        ).check()
