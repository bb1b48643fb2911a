"""Everything that is to be said of one model on this computer: memory, where, how fast, how long.

llama.cpp itself is asked; where it cannot be, a formula answers, and the report says why. Blocks
for a second or two; any thread but the GUI's.
"""

import os
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from desktop.base.cancelling import never
from desktop.domain.advice import Computer, Placed
from desktop.domain.errors import LapisError, ModelFileError, ModelLoadError, NetworkError
from desktop.domain.footprint import Footprint, Point
from desktop.domain.model import DEFAULT_CONTEXT, FitLevel, GgufInfo, InstalledModel, LoadPlan
from desktop.domain.settings import EngineSettings
from desktop.domain.speed import Speed
from desktop.domain.text import Text
from desktop.models.active import active_weights
from desktop.services.advice_places import verdict
from desktop.services.sized_points import plan_as_placed
from desktop.services.sizes import Listed, Sizes, Subject, grid, plain_plan
from desktop.services.speeds import speed_of

# llama.cpp gives out a cache in steps of so many tokens.
_STEP: Final = 256


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a model takes here with one setting, and what follows.

    `placed` has the memory of it. `longest` is the longest context in tokens with which it fits as
    it lies, 0 where none does: measured, or between two that were. `speed` is None where nobody
    knows. `problem` says why llama.cpp could not be asked, None if it was.
    """

    info: GgufInfo
    placed: Placed
    speed: Speed | None
    longest: int
    problem: LapisError | None = None

    @property
    def footprint(self) -> Footprint:
        """The memory it takes."""
        return self.placed.footprint


def fit_report(
    sizes: Sizes,
    subject: Subject,
    engine: EngineSettings,
    computer: Computer,
    *,
    projector: int = 0,
    cancelled: Callable[[], bool] = never,
) -> FitReport:
    """Return what `subject` takes with the settings `engine`, an `n_ctx` of 0 being the usual one.

    `projector` bytes are added for the pictures of a model that is here. Raises NetworkError,
    ModelFileError and ModelLoadError where the model itself cannot be told or used, and
    `side_job.Cancelled`.
    """
    info = sizes.read_header(subject, cancelled, whole=True)
    if info is None:
        raise NetworkError(
            Text("Nothing can be asked of this model here"),
            Text("Download it, or try again while there is a network."),
        )
    trained = info.context_length
    context = engine.n_ctx or min(trained or DEFAULT_CONTEXT, DEFAULT_CONTEXT)
    asked = Point(context, engine.kv_type)
    plan = _plan(sizes, subject, asked, engine, computer)
    as_placed = replace(engine, n_ctx=context, n_gpu_layers=plan.n_gpu_layers)
    points = _points(sizes, subject, plan, asked, trained, computer)
    problem: LapisError | None = None
    try:
        found = sizes.measured(subject, plan, points, cancelled)
    except (ModelFileError, ModelLoadError, NetworkError):
        raise
    except LapisError as error:
        problem, found = error, sizes.best(subject, plan, points)
    sized = {one.point.context: _seeing(one, projector) for one in found}

    def judged(footprint: Footprint) -> Placed:
        return verdict(footprint, computer, as_placed)

    def caches(contexts: Sequence[int]) -> Sequence[int]:
        asked_for = [replace(asked, context=each) for each in contexts]
        return [one.kv for one in sizes.reckoned(subject, plan, asked_for)]

    here = judged(sized[context])
    return FitReport(
        info=info,
        placed=here,
        speed=speed_of(here.footprint, active_weights(info), computer, _real(subject)),
        longest=_longest(sized, lambda one: judged(one).fit.level is FitLevel.FITS, caches),
        problem=problem,
    )


def _plan(
    sizes: Sizes, subject: Subject, asked: Point, engine: EngineSettings, computer: Computer
) -> LoadPlan:
    """Return how it would be loaded: with as many layers on cards as a formula gives them."""
    path = subject.path if isinstance(subject, InstalledModel) else None
    plan = replace(plain_plan(engine, path), n_ctx=asked.context, kv_type=asked.kv_type)
    (by_formula,) = sizes.reckoned(subject, plan, [asked])
    return plan_as_placed(plan, verdict(by_formula, computer, engine).footprint)


def _points(
    sizes: Sizes,
    subject: Subject,
    plan: LoadPlan,
    asked: Point,
    trained: int,
    computer: Computer,
) -> list[Point]:
    """Return what is asked, and longer and shorter contexts as far as they could possibly fit."""
    contexts = sorted({asked.context, *grid(max(trained, asked.context))})
    points = [replace(asked, context=context) for context in contexts]
    room = computer.total + sum(device.total for device in computer.devices if device.is_gpu)
    totals = [one.total for one in sizes.reckoned(subject, plan, points)]
    # Of what is beyond all memory the first is enough; llama.cpp needs memory to plan for more.
    useful = sum(total <= room for total in totals) + 1
    return [point for place, point in enumerate(points) if place < useful or point == asked]


def _longest(
    sized: Mapping[int, Footprint],
    fits: Callable[[Footprint], bool],
    caches: Callable[[Sequence[int]], Sequence[int]],
) -> int:
    """Return the longest context that fits, also of those between two that were measured.

    `caches` returns by formula what caches of contexts take.
    """
    low = max((context for context, one in sized.items() if fits(one)), default=0)
    high = min((context for context in sized if context > low), default=0)
    if not low or not high:
        return low
    steps = range(low // _STEP * _STEP + _STEP, high, _STEP)

    def is_too_long(context: int) -> bool:
        least, here, most = caches((low, context, high))
        grown = (here - least) / (most - least) if most > least else 1.0
        return not fits(_between(sized[low], sized[high], context, grown))

    beyond = bisect(steps, 0, key=is_too_long)
    return steps[beyond - 1] if beyond else low


def _between(low: Footprint, high: Footprint, context: int, grown: float) -> Footprint:
    """Return what a context takes at the very most that lies between two others.

    Its cache has `grown` by that share of what lies between theirs: one of a window is full some
    day. Room to compute grows all the more the longer the context is.
    """
    if [one.device for one in low.devices] != [one.device for one in high.devices]:
        return high
    share = (context - low.point.context) / (high.point.context - low.point.context)
    devices = tuple(
        replace(
            one,
            kv=one.kv + ceil((other.kv - one.kv) * grown),
            compute=one.compute + ceil((other.compute - one.compute) * share),
            output=max(one.output, other.output),
        )
        for one, other in zip(low.devices, high.devices, strict=True)
    )
    process = max(low.process, high.process)
    return replace(low, point=replace(low.point, context=context), devices=devices, process=process)


def _seeing(footprint: Footprint, projector: int) -> Footprint:
    return replace(footprint, projector=footprint.projector + projector)


def _real(subject: Subject) -> str:
    """Return where the file really lies; empty for one that is elsewhere."""
    return "" if isinstance(subject, Listed) else os.path.realpath(subject.path)
