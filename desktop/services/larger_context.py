"""The next larger context window for a model, and what it costs.

A plain function for any thread but the window's: it may read a header and asks for free memory.
Whether it fits is judged as every load is (`planning`).
"""

from dataclasses import replace

from desktop.domain.context import LargerContext
from desktop.domain.errors import ModelFileError, TooLarge
from desktop.domain.footprint import Point
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.domain.settings import Settings
from desktop.models.gguf import read_gguf
from desktop.services.planning import Known, plan_for, wished_plan
from desktop.services.sizes import Sizes

# Of a window that holds what is asked, this much more is for the answer and what follows.
_ROOM_BEYOND = 4


def larger_context(
    model: InstalledModel, settings: Settings, now: int, needed: int, known: Known
) -> LargerContext | None:
    """Return the smallest doubling of `now` that holds `needed` tokens, with room for the answer.

    `settings` are those in force for the chat. Where that does not fit into memory, or the model
    was not trained for it, the longest that still holds `needed` tokens; None where none does.
    """
    try:
        info = read_gguf(model.path)
    except ModelFileError:
        return None
    trained = info.context_length or now
    for n_ctx in _candidates(now, needed, trained):
        chosen = replace(settings, engine=replace(settings.engine, n_ctx=n_ctx))
        try:
            plan_for(model, chosen, known)
        except (TooLarge, ModelFileError):
            continue
        plan = wished_plan(info, chosen.engine)
        point = Point(n_ctx, plan.kv_type)
        extra = 0 if known.sizes is None else _extra(known.sizes, model, plan, point, now)
        return LargerContext(n_ctx, now, extra)
    return None


def _candidates(now: int, needed: int, trained: int) -> list[int]:
    """Return windows to try, the wished one first, then shorter ones that are still enough."""
    enough = needed + 1
    wished = max(now, 1)
    while wished < needed + needed // _ROOM_BEYOND or wished <= now:
        wished *= 2
    stops = {wished, wished * 3 // 4, trained}
    return [
        stop
        for stop in sorted(stops, reverse=True)
        if now < stop <= min(trained, wished) and stop > enough
    ]


def _extra(sizes: Sizes, model: InstalledModel, plan: LoadPlan, point: Point, now: int) -> int:
    """Return the bytes that `point` takes more than a window of `now` tokens."""
    points = (replace(point, context=now), point)
    small, large = sizes.kept(model, plan, points)
    if small is None or large is None:
        # Both from one source, or their difference would say nothing.
        small, large = sizes.reckoned(model, plan, points)
    return max(0, large.total - small.total)
