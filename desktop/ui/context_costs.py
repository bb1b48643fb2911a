"""Finds out, off the GUI thread, how much memory a model takes with a context. GUI thread."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.ui.errands import Errand, Errands
from desktop.ui.memory_bar import DeviceBar, device_bars, whole_bar

if TYPE_CHECKING:
    from desktop.services.planning import Known

__all__ = ["ContextCosts"]

_LANE = "context-cost"


class ContextCosts:
    """Answers one question at a time; a newer one takes the place of one that waits."""

    def __init__(self, errands: Errands, known: "Callable[[], Known]") -> None:
        """`known` is asked in another thread."""
        self._errands = errands
        self._known = known

    def find(
        self,
        model: InstalledModel,
        settings: Settings,
        found: Callable[[DeviceBar | None], None],
    ) -> None:
        """Tell `found` what `model` takes with `settings` of all memories; None: nobody knows."""

        def look(_errand: Errand) -> DeviceBar | None:
            return _cost(model, settings, self._known())

        self._errands.run(_LANE, look, found, lambda _error: found(None))


def _cost(model: InstalledModel, settings: Settings, known: "Known") -> DeviceBar | None:
    from desktop.domain.footprint import Point
    from desktop.models.gguf import read_gguf
    from desktop.services.advice_computer import this_computer
    from desktop.services.planning import wished_plan

    if known.sizes is None:
        return None
    plan = wished_plan(read_gguf(model.path), settings.engine)
    points = (Point(settings.engine.n_ctx, plan.kv_type),)
    (footprint,) = known.sizes.kept(model, plan, points)
    if footprint is None:
        (footprint,) = known.sizes.reckoned(model, plan, points)
    computer = this_computer(known.devices, held=known.held)
    return whole_bar(device_bars(footprint, computer.available, computer.devices))
