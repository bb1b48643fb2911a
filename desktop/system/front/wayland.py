"""The program in front under Wayland, which keeps programs apart.

Nobody is told which window has the keyboard, nobody may press keys in another, and what is selected
is for the window with the keyboard alone. Any thread.
"""

from desktop.system.front.nothing import NoFront

__all__ = ["WaylandFront"]


class WaylandFront(NoFront):
    """See `Front`: what is to be inserted is copied, and the person pastes it."""
