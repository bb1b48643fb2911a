"""No program in front that anything could be known of: no screen, or one that tells nothing."""

from desktop.system.front.base import FrontWindow, Pasted, Selection

__all__ = ["NoFront"]


class NoFront:
    """See `Front`."""

    @property
    def can_read(self) -> bool:
        """Never."""
        return False

    @property
    def can_copy(self) -> bool:
        """Never."""
        return False

    @property
    def can_paste(self) -> bool:
        """Never."""
        return False

    def current(self) -> FrontWindow | None:
        """Return None."""
        return None

    def selection(self, time_ms: int = 0) -> Selection:
        """Return nothing."""
        del time_ms
        return Selection()

    def copy_selection(self) -> Selection:
        """Return nothing."""
        return Selection()

    def give_focus(self, window: FrontWindow) -> bool:
        """Do nothing."""
        del window
        return False

    def paste(self, window: FrontWindow) -> Pasted:
        """Do nothing."""
        del window
        return Pasted.UNSUPPORTED

    def close(self) -> None:
        """Do nothing."""
