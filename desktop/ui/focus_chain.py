"""The order in which Tab goes from one widget to the next, looked at without consequences.

PySide takes the widget that Qt returns for a child of the one that was asked. So a walk along the
whole order strings all widgets of a window on each other, and as soon as one goes, whatever Qt has
made behind it (menus, their entries, scroll bars) is gone as far as Python can tell. GUI thread.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

__all__ = ["beside", "takes_tab"]


def beside(widget: QWidget, *, forward: bool) -> QWidget | None:
    """Return the widget after `widget` in Qt's order, or the one before; it is a ring."""
    found = widget.nextInFocusChain() if forward else widget.previousInFocusChain()
    # Qt sees that nothing changes, and PySide hears whose child it is. Up to the window: a parent
    # that only Qt has made would else be forgotten in a moment, and its children with it.
    child = found
    while child is not None:
        parent = child.parentWidget()
        child.setParent(parent)
        child = parent
    return found


def takes_tab(widget: QWidget) -> bool:
    """Return whether the Tab key stops at `widget` where that is on show."""
    by_tab = widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
    return by_tab and widget.isEnabled() and widget.focusProxy() is None
