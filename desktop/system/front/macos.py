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

from desktop.system.front import pressing
from desktop.system.front.base import FrontWindow, Pasted, Selection
from desktop.system.front.mac_keys import may_press, press_with_command, wait_for_free_keys
from desktop.system.front.mac_library import Libraries, load
from desktop.system.front.mac_pasteboard import Pasteboard
from desktop.system.front.mac_programs import bring_to_front, program_in_front
from desktop.system.front.pressing import PressingFront, comes_back, copied
from desktop.system.front.terminals import is_terminal

__all__ = ["MacFront"]

# The last words of reversed domain names.
_TERMINALS: Final = frozenset({"iterm2", "warp-stable"})


class MacFront(PressingFront[Libraries]):
    """A program stands for its windows."""

    def __init__(self, get: Callable[[], Libraries] = load) -> None:
        """Load nothing yet; `get` returns the libraries, and raises OSError for none."""
        super().__init__(get)

    def current(self) -> FrontWindow | None:
        """Return the program that has the keyboard, None for none and for this one."""
        libraries = self._libraries()
        found = None if libraries is None else program_in_front(libraries)
        if found is None or found.process == os.getpid():
            return None
        last_word = found.identifier.lower().rpartition(".")[2]
        is_console = last_word in _TERMINALS or is_terminal(found.identifier)
        return FrontWindow(found.process, found.name.lower(), is_console)

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
            libraries, time.monotonic() + pressing.SHORT_KEYS_SECONDS
        ):
            return Selection()
        before = pasteboard.number
        if self.current() != window or not press_with_command(libraries, "c"):
            return Selection()
        return copied(pasteboard, before, kept)

    def give_focus(self, window: FrontWindow) -> bool:
        """Give the keyboard back to the program, and return whether it has it."""
        libraries = self._libraries()
        if libraries is None or not bring_to_front(libraries, window.handle):
            return False
        until = time.monotonic() + pressing.FOCUS_SECONDS
        while _process_in_front(libraries) != window.handle:
            if time.monotonic() > until:
                return False
            time.sleep(pressing.PAUSE_SECONDS)
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
        if not wait_for_free_keys(libraries, time.monotonic() + pressing.KEYS_SECONDS):
            return Pasted.REFUSED
        if not comes_back(
            window,
            lambda: _process_in_front(libraries),
            lambda process: process == os.getpid(),
            self.give_focus,
        ):
            return Pasted.FOCUS_MOVED
        return Pasted.PASTED if press_with_command(libraries, "v") else Pasted.REFUSED


def _process_in_front(libraries: Libraries) -> int:
    """Return who has the keyboard; 0 for nobody."""
    found = program_in_front(libraries)
    return 0 if found is None else found.process
