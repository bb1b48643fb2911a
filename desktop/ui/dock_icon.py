"""Lapis in the Dock of macOS for as long as its window is open; else its icon in the menu bar is all.

The bundle says that Lapis is an agent (LSUIElement), so it begins outside of the Dock. GUI thread.
Never run on macOS so far; tests watch what it asks the system for.
"""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from desktop.system.front.mac_programs import show_in_dock

__all__ = ["DockIcon"]


class DockIcon(QObject):
    """Watches `window`; `show` is told whether Lapis is to be in the Dock."""

    def __init__(
        self,
        window: QWidget,
        parent: QObject,
        show: Callable[[bool], object] = lambda is_shown: show_in_dock(is_shown=is_shown),
    ) -> None:
        """Begin to watch; what is so now counts at once."""
        super().__init__(parent)
        self._window = window
        self._show = show
        show(window.isVisible())
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See the window come and go; one that the person has minimised is still open."""
        if watched is self._window and not event.spontaneous():
            if event.type() == QEvent.Type.Show:
                self._show(True)
            elif event.type() == QEvent.Type.Hide:
                self._show(False)
        return False
