"""Layouts in layouts, told of each other before they are painted. GUI thread."""

from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent

__all__ = ["NESTED", "let_layouts_tell", "tell_once"]

NESTED: Final = 12
"""No part of a window has more layouts around it."""


def let_layouts_tell() -> None:
    """Have every layout ask the one around it for its room now.

    By itself each tells the next one only, at a turn of the event loop of its own, and what grew
    would be painted cut off meanwhile.
    """
    for _ in range(NESTED):
        tell_once()


def tell_once() -> None:
    """Have each layout tell the next one around it."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
