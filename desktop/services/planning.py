"""From a chosen model to the plan that loads it, or to the reason why it cannot be loaded.

Plain functions for any thread. Nothing native is touched: the header is read in Python and memory
is computed, so a file that is no model or is too large is refused before the engine sees it.
"""

from dataclasses import replace

from desktop.domain.errors import OutOfMemory
from desktop.domain.model import Fit, FitLevel, GgufInfo, InstalledModel, LoadPlan
from desktop.domain.settings import Settings
from desktop.domain.text import Text, gigabytes
from desktop.models.fit import context_for, estimate
from desktop.models.gguf import read_gguf
from desktop.models.hardware import Memory, memory, usable_cores

_SHORTER_CONTEXTS = (4096, 2048)


def plan_for(model: InstalledModel, settings: Settings) -> LoadPlan:
    """Return how to load `model` on this computer as it is now.

    An automatic context (`settings.engine.n_ctx` 0) is shortened where that makes the model fit.
    Raises ModelFileError, or OutOfMemory with the figures.
    """
    return fitting_plan(read_gguf(model.path), _wished(model, settings), memory(), model.title)


def check_model(model: InstalledModel, settings: Settings) -> None:
    """Raise what `plan_for` raises, if `model` cannot be loaded even when nothing else is.

    A model that fits once the present one has left is no reason to complain.
    """
    info, wished, now = read_gguf(model.path), _wished(model, settings), memory()
    try:
        fitting_plan(info, wished, replace(now, available=now.total), model.title)
    except OutOfMemory:
        fitting_plan(info, wished, now, model.title)


def fitting_plan(info: GgufInfo, wished: LoadPlan, free: Memory, name: str) -> LoadPlan:
    """Return the first plan that fits with room, else the first that fits; raises OutOfMemory."""
    fits = [(plan, estimate(info, plan, free)) for plan in _candidates(info, wished)]
    for level in (FitLevel.FITS, FitLevel.TIGHT):
        for plan, fit in fits:
            if fit.level is level:
                return plan
    raise _too_large(name, fits[-1][1], own_context=wished.n_ctx > 0)


def _wished(model: InstalledModel, settings: Settings) -> LoadPlan:
    return LoadPlan(
        path=model.path,
        n_ctx=settings.engine.n_ctx,
        n_gpu_layers=settings.engine.n_gpu_layers,
        threads=settings.engine.threads or usable_cores(),
    )


def _candidates(info: GgufInfo, wished: LoadPlan) -> list[LoadPlan]:
    if wished.n_ctx:
        return [wished]
    longest = context_for(info, wished)
    shorter = [replace(wished, n_ctx=n_ctx) for n_ctx in _SHORTER_CONTEXTS if n_ctx < longest]
    return [wished, *shorter]


def _too_large(name: str, fit: Fit, *, own_context: bool) -> OutOfMemory:
    title = Text(
        "{name} needs {needed} of memory, and {free} of {total} are free",
        {
            "name": name,
            "needed": gigabytes(fit.needed),
            "free": gigabytes(fit.available),
            "total": gigabytes(fit.total),
        },
    )
    smaller = Text("Choose a smaller model, or a smaller quantisation of this one.")
    shorter = Text("Shorten the context, or choose a smaller model or quantisation.")
    return OutOfMemory(title, shorter if own_context else smaller)
