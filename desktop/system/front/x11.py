"""The program in front under X11: which window it is, what is selected in it, text put into it.

Two connections: one answers who is in front, at once and from any thread, while the other may be
waiting for a program that does not answer. A server that is gone is no error here: then nothing is
selected, and nothing can be pasted.
"""

import struct
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

import xcffib
from xcffib.xproto import EventMask, InputFocus

from desktop.system.front.base import FrontWindow, Pasted, Selection
from desktop.system.front.terminals import is_terminal
from desktop.system.front.x11_display import Display
from desktop.system.front.x11_paste import can_press, press_paste, wait_for_free_keys
from desktop.system.front.x11_selection import owner, read_everything, read_text

__all__ = ["X11Front"]

_SELECTION_SECONDS: Final = 0.25
_CLIPBOARD_SECONDS: Final = 1.0
_FOCUS_SECONDS: Final = 1.0
_KEYS_SECONDS: Final = 2.0
_MANAGER_SECONDS: Final = 0.25
"""How long a window manager has for giving the focus back by itself."""
_PAUSE_SECONDS: Final = 0.015
_CLIENT_MESSAGE: Final = 33
_BY_THE_PERSON: Final = 2
"""The source of a _NET_ACTIVE_WINDOW message that window managers follow."""
_NOWHERE: Final = (0, InputFocus.PointerRoot)
_HIGHEST_TREE: Final = 32
_LAST_TIME: Final = 0xFFFFFFFF
_CLOSE_SECONDS: Final = 0.5

Found = TypeVar("Found")


class X11Front:
    """See `Front`. `current` may be called from any thread, the rest from one at a time."""

    def __init__(self, display: str, own_process: int) -> None:
        """Connect to `display` when it is first needed; windows of `own_process` never count."""
        self._own_process = own_process
        self._looking = _Connection(display)
        self._working = _Connection(display)
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
        self._noted = self._looking.use(self._current, None)
        return self._noted

    def selection(self, time_ms: int = 0) -> Selection:
        """Return the primary selection."""
        return self._working.use(lambda display: self._selection(display, time_ms), Selection())

    def copy_selection(self) -> Selection:
        """Return the primary selection: it is what copying would give."""
        return self.selection()

    def clipboard(self) -> dict[str, bytes]:
        """Return what was copied, by MIME type, so that it can be put back; at most a second."""
        until = time.monotonic() + _CLIPBOARD_SECONDS
        return self._working.use(lambda display: read_everything(display, "CLIPBOARD", until), {})

    def give_focus(self, window: FrontWindow) -> bool:
        """Ask the window manager to give the keyboard to `window`, and wait until it has it."""
        until = time.monotonic() + _FOCUS_SECONDS
        return self._working.use(lambda display: _focus(display, window.handle, until), False)

    def paste(self, window: FrontWindow) -> Pasted:
        """Press the keys once `window` has the keyboard and nothing is held; at most three seconds."""
        return self._working.use(lambda display: self._paste(display, window), Pasted.REFUSED)

    def close(self) -> None:
        """Give both connections back."""
        self._looking.close()
        self._working.close()

    def _current(self, display: Display) -> FrontWindow | None:
        window = _active(display)
        if window in _NOWHERE:
            return None
        names, process = display.atoms("WM_CLASS", "_NET_WM_PID")
        asked = display.ask(window, names), display.ask(window, process)
        called = asked[0].get().data.decode("utf-8", "replace").lower().split("\0")
        if asked[1].get().number == self._own_process:
            return None
        # The program's name and the name of its kind, such as "xterm" and "XTerm".
        program = called[1] if len(called) > 1 and called[1] else called[0]
        return FrontWindow(window, program, any(map(is_terminal, called)))

    def _selection(self, display: Display, time_ms: int) -> Selection:
        holder = owner(display, "PRIMARY")
        if not holder:
            return Selection()
        noted, until = self._noted, time.monotonic() + _SELECTION_SECONDS
        found = read_text(display, "PRIMARY", time_ms & _LAST_TIME, until)
        is_elsewhere = noted is not None and not display.is_one_program(holder, noted.handle)
        return replace(found, is_elsewhere=is_elsewhere)

    def _paste(self, display: Display, window: FrontWindow) -> Pasted:
        if not can_press(display):
            return Pasted.UNSUPPORTED
        if not wait_for_free_keys(display, time.monotonic() + _KEYS_SECONDS):
            return Pasted.REFUSED
        if not self._is_back(display, window.handle):
            return Pasted.FOCUS_MOVED
        is_pressed = press_paste(display, is_terminal=window.is_terminal)
        return Pasted.PASTED if is_pressed else Pasted.REFUSED

    def _is_back(self, display: Display, window: int) -> bool:
        """Wait until `window` has the keyboard. It is taken from nobody but from us."""
        start = time.monotonic()
        has_asked = False
        while not _has_keyboard(display, window):
            now = time.monotonic()
            if now > start + _FOCUS_SECONDS:
                return False
            if now > start + _MANAGER_SECONDS and not has_asked and self._is_ours_or_none(display):
                _ask_for_focus(display, window)
                has_asked = True
            time.sleep(_PAUSE_SECONDS)
        return True

    def _is_ours_or_none(self, display: Display) -> bool:
        active = _active(display)
        (process,) = display.atoms("_NET_WM_PID")
        return active in _NOWHERE or display.ask(active, process).get().number == self._own_process


class _Connection:
    """A connection made when it is first used, and anew after it was lost."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._display: Display | None = None
        self._guard = threading.Lock()
        self._is_closed = False

    def use(self, work: Callable[[Display], Found], otherwise: Found) -> Found:
        """Return what `work` returns, or `otherwise` where the server refuses or is gone."""
        with self._guard:
            if self._is_closed:
                return otherwise
            try:
                if self._display is None:
                    self._display = Display(self._name)
                return work(self._display)
            except xcffib.Error:
                # Windows of other programs go away at any time.
                return otherwise
            except xcffib.XcffibException:
                self._drop()
                return otherwise

    def close(self) -> None:
        """Whoever still waits for a program keeps it, until the process ends."""
        self._is_closed = True
        if self._guard.acquire(timeout=_CLOSE_SECONDS):
            self._drop()
            self._guard.release()

    def _drop(self) -> None:
        if self._display is not None:
            self._display.close()
            self._display = None


def _active(display: Display) -> int:
    """Return the window that the window manager calls active; without one, who has the focus."""
    (active,) = display.atoms("_NET_ACTIVE_WINDOW")
    found = display.ask(display.root, active).get()
    if found.kind:
        return found.number
    focus: int = display.core.GetInputFocus().reply().focus
    return focus


def _has_keyboard(display: Display, window: int) -> bool:
    """Return whether keys that are pressed now would reach `window`.

    The window manager's word is not enough: the focus follows it, or something else has it.
    """
    focus: int = display.core.GetInputFocus().reply().focus
    if focus in _NOWHERE or _active(display) != window:
        return False
    return display.is_one_program(focus, window) or _is_inside(display, focus, window)


def _is_inside(display: Display, window: int, ancestor: int) -> bool:
    for _ in range(_HIGHEST_TREE):
        if window in (ancestor, display.root, 0):
            break
        window = display.core.QueryTree(window).reply().parent
    return window == ancestor


def _focus(display: Display, window: int, until: float) -> bool:
    if not _has_keyboard(display, window):
        _ask_for_focus(display, window)
    while not _has_keyboard(display, window):
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _ask_for_focus(display: Display, window: int) -> None:
    """Ask the window manager (EWMH 1.5, _NET_ACTIVE_WINDOW); without one, give it ourselves."""
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
