"""The program in front on macOS: who it is, its selection copied, text pasted. Never run so far.

Programs stand for their windows here: macOS brings back the right one by itself. Selected text is
had by pressing Command+C, so only when a person asked for it: the clipboard is put back afterwards.
Both need a permission that the system asks for by itself when it is wanted first. None of it has
run on macOS: tests put functions and objects of their own behind it.
"""

import os
import time
from collections.abc import Callable
from typing import Final

from desktop.system.front.base import FrontWindow, Pasted, Selection
from desktop.system.front.cut import selected
from desktop.system.front.mac_keys import may_press, press_with_command, wait_for_free_keys
from desktop.system.front.mac_library import Libraries, load
from desktop.system.front.mac_pasteboard import Pasteboard
from desktop.system.front.mac_programs import bring_to_front, program_in_front
from desktop.system.front.terminals import is_terminal

__all__ = ["MacFront"]

# The last words of reversed domain names.
_TERMINALS: Final = frozenset({"iterm2", "warp-stable"})
_FOCUS_SECONDS: Final = 1.0
_OWN_WAY_SECONDS: Final = 0.15
"""How long macOS has for giving the keyboard back by itself."""
_KEYS_SECONDS: Final = 2.0
_SHORT_KEYS_SECONDS: Final = 0.2
_COPY_SECONDS: Final = 0.3
_PAUSE_SECONDS: Final = 0.01


class MacFront:
    """See `Front`. `get` returns the libraries, and raises OSError where there are none."""

    can_read: Final = False
    can_copy: Final = True
    can_paste: Final = True

    def __init__(self, get: Callable[[], Libraries] = load) -> None:
        """Load nothing yet."""
        self._get = get
        self._loaded: Libraries | None = None

    def current(self) -> FrontWindow | None:
        """Return the program that has the keyboard, None for none and for this one."""
        libraries = self._libraries()
        found = None if libraries is None else program_in_front(libraries)
        if found is None or found.process == os.getpid():
            return None
        last_word = found.identifier.lower().rpartition(".")[2]
        is_console = last_word in _TERMINALS or is_terminal(found.identifier)
        return FrontWindow(found.process, found.name.lower(), is_console)

    def selection(self, time_ms: int = 0) -> Selection:
        """Return nothing: macOS knows no selection but inside of programs."""
        del time_ms
        return Selection()

    def copy_selection(self) -> Selection:
        """Press the keys for copying, read what came, and put back what was there.

        At most 600 ms, unless the program that owns the clipboard stops answering meanwhile.
        Nothing without the permission, which the system asks for then.
        """
        libraries, window = self._libraries(), self.current()
        if libraries is None or window is None or not may_press(libraries):
            return Selection()
        pasteboard = Pasteboard(libraries)
        kept = pasteboard.keep()
        if kept is None or not wait_for_free_keys(
            libraries, time.monotonic() + _SHORT_KEYS_SECONDS
        ):
            return Selection()
        before = pasteboard.number
        if self.current() != window or not press_with_command(libraries, "c"):
            return Selection()
        text = _copied(pasteboard, before)
        if pasteboard.number == before:
            # Nothing is selected, or it cannot be copied.
            return Selection()
        pasteboard.put_back(kept)
        return selected(text)

    def give_focus(self, window: FrontWindow) -> bool:
        """Give the keyboard back to the program, and return whether it has it."""
        libraries = self._libraries()
        if libraries is None or not bring_to_front(libraries, window.handle):
            return False
        until = time.monotonic() + _FOCUS_SECONDS
        while _process_in_front(libraries) != window.handle:
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True

    def paste(self, window: FrontWindow) -> Pasted:
        """Press the keys once the program has the keyboard and nothing is held; at most 3 seconds.

        REFUSED without the permission, which the system asks for then.
        """
        libraries = self._libraries()
        if libraries is None:
            return Pasted.UNSUPPORTED
        if not may_press(libraries):
            return Pasted.REFUSED
        if not wait_for_free_keys(libraries, time.monotonic() + _KEYS_SECONDS):
            return Pasted.REFUSED
        if not self._is_back(libraries, window):
            return Pasted.FOCUS_MOVED
        return Pasted.PASTED if press_with_command(libraries, "v") else Pasted.REFUSED

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
        """Wait until the program has the keyboard. It is taken from nobody but from us."""
        start = time.monotonic()
        while (front := _process_in_front(libraries)) != window.handle:
            waited = time.monotonic() - start
            if waited > _OWN_WAY_SECONDS and front in {0, os.getpid()}:
                return self.give_focus(window)
            if waited > _FOCUS_SECONDS:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True


def _process_in_front(libraries: Libraries) -> int:
    """Return who has the keyboard; 0 for nobody."""
    found = program_in_front(libraries)
    return 0 if found is None else found.process


def _copied(pasteboard: Pasteboard, before: int) -> str:
    """Return the text that takes the place of what is on the clipboard; empty if none comes."""
    until = time.monotonic() + _COPY_SECONDS
    while time.monotonic() < until:
        # Emptied first and filled then.
        text = pasteboard.text() if pasteboard.number != before else ""
        if text:
            return text
        time.sleep(_PAUSE_SECONDS)
    return ""
