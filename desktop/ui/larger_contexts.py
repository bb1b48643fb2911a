"""Finds out, off the GUI thread, what a larger context would cost. GUI thread."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.domain.context import LargerContext
from desktop.ui.chat_manner import Manner
from desktop.ui.errands import Errand, Errands

if TYPE_CHECKING:
    from desktop.services.planning import Known

__all__ = ["LargerContexts"]


class LargerContexts:
    """Answers one question at a time; a newer one takes the place of one that waits."""

    def __init__(self, errands: Errands, lane: str, known: "Callable[[], Known]") -> None:
        """`known` is asked in the thread of `lane`, which nobody else uses."""
        self._errands = errands
        self._lane = lane
        self._known = known

    def find(
        self, manner: Manner, now: int, needed: int, found: Callable[[LargerContext | None], None]
    ) -> None:
        """Tell `found` the next larger context that holds `needed` tokens, None without one."""
        model = manner.model
        if model is None:
            found(None)
            return

        def look(_errand: Errand) -> LargerContext | None:
            from desktop.services.larger_context import larger_context

            return larger_context(model, manner.settings, now, needed, self._known())

        self._errands.run(self._lane, look, found, lambda _error: found(None))
