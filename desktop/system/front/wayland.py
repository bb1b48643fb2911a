"""The program in front under Wayland, which keeps programs apart.

Nobody is told which window has the keyboard, and nobody may press keys in another one: what is to be
inserted is copied, and the person pastes it. What is selected is told to the window with the
keyboard, and to everybody where the compositor says so.
"""

import time
from collections.abc import Mapping
from typing import Final

from desktop.system.front.base import FrontWindow, Selection
from desktop.system.front.nothing import NoFront

__all__ = ["WaylandFront"]

_PROBE_SECONDS: Final = 0.02
_SELECTION_SECONDS: Final = 0.25


class WaylandFront(NoFront):
    """See `Front`. What the compositor tells is found out by `current`, as soon as it answers."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take the compositor that `environment` names."""
        self._environment = dict(environment)
        self._tells: bool | None = None

    @property
    def can_read(self) -> bool:
        """Whether the compositor tells of what is selected."""
        return bool(self._tells)

    def current(self) -> FrontWindow | None:
        """Return None: nobody is told."""
        if self._tells is None:
            from desktop.system.front.wayland_selection import tells_selections

            until = time.monotonic() + _PROBE_SECONDS
            self._tells = tells_selections(self._environment, until)
        return None

    def selection(self, time_ms: int = 0) -> Selection:
        """Return what is selected, where the compositor tells of it."""
        del time_ms
        if not self.can_read:
            return Selection()
        from desktop.system.front.wayland_selection import read_selection

        return read_selection(self._environment, time.monotonic() + _SELECTION_SECONDS)

    def copy_selection(self) -> Selection:
        """Return what is selected: it is what copying would give."""
        return self.selection()
