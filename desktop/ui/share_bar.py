"""A thin bar that shows how much of something is done. GUI thread."""

from PySide6.QtWidgets import QProgressBar

from desktop.ui.labels import Tone, restyle

__all__ = ["ShareBar"]

_STEPS = 1000


class ShareBar(QProgressBar):
    """Has no words of its own: whoever shows it names it, and says the figures beside it."""

    def __init__(self, *, thick: bool = True) -> None:
        """Show nothing done; one that is not `thick` is a line under something."""
        super().__init__(textVisible=False, maximum=_STEPS)
        self.setProperty("thick", thick)
        self.setProperty("tone", "accent")

    def show_share(self, done: float, total: float, tone: Tone = "accent") -> None:
        """Show `done` of `total`, nothing where the total is 0; "muted" is for what rests."""
        # What comes may be more than was said.
        self.setValue(round(_STEPS * min(1.0, done / total)) if total > 0 else 0)
        restyle(self, "tone", tone)
