"""Bars made of letters: how much of something there is, how far something has come."""

from typing import Final

from desktop.base.translation import Translator
from desktop.domain.quantities import part_of
from desktop.terminal.output import Screen

WIDEST_BAR: Final = 24
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def bar(share: float, *, plain: bool, cells: int = WIDEST_BAR) -> str:
    """Return a bar for `share` (0 to 1) of `cells`, in eighths; `plain` makes it of ASCII signs."""
    share = min(1.0, max(0.0, share))
    if plain:
        return "#" * max(1, round(share * cells))
    eighths = max(1, round(share * cells * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


class Meter:
    """Shows bytes done of all on the status line; call it from any thread."""

    def __init__(self, words: Translator, screen: Screen) -> None:
        self._words = words
        self._screen = screen
        screen.status.allow()

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is."""
        if total:
            far = self._words.say(part_of(done, total))
            self._screen.status.show(f"{done / total:4.0%}  {far}")
