"""From a chosen model to the plan that loads it, or to the reason why it cannot be loaded.

Plain functions for any thread. Nothing native is touched: the header is read in Python and memory
is computed, or known from a measurement, so a file that is no model or is too large is refused
before the engine sees it. Whether it fits is judged as advice judges it (`advice_places`).
"""

import logging
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from desktop.domain.advice import Computer, Place, Placed
from desktop.domain.engine import EngineMemory
from desktop.domain.errors import ModelFileError, TooLarge
from desktop.domain.footprint import Footprint, Point
from desktop.domain.layer_placing import cards_of
from desktop.domain.model import (
    FitLevel,
    FlashAttention,
    GgufInfo,
    InstalledModel,
    KvType,
    LoadPlan,
)
from desktop.domain.quantities import sized
from desktop.domain.settings import EngineSettings, Settings
from desktop.domain.text import Text
from desktop.models.fit import context_for, gathered, placed, reckoned
from desktop.models.gguf import read_gguf
from desktop.models.hardware import usable_cores
from desktop.models.kv_cache import can_quantise, state_bytes
from desktop.services.advice_computer import this_computer
from desktop.services.advice_places import verdict
from desktop.services.devices import Devices

if TYPE_CHECKING:
    from desktop.services.sizes import Sizes

_SHORTER_CONTEXTS = (4096, 2048)
_SMALLEST_CONTEXT = 1024
# Tokens that a recurrent state can be taken back by; each takes the state of every slot once more.
_ROLLBACK = 3

Sized: TypeAlias = Callable[[LoadPlan], Footprint]
"""What a plan takes."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of this computer and its models beyond a file's header; all may be None.

    `held` is what the model takes that will make room.
    """

    sizes: "Sizes | None" = None
    devices: Devices | None = None
    held: EngineMemory | None = None


_NOTHING: Final = Known()


def plan_for(
    model: InstalledModel, settings: Settings, known: Known = _NOTHING, *, anyway: bool = False
) -> LoadPlan:
    """Return how to load `model` on this computer as it is now.

    An automatic context (`settings.engine.n_ctx` 0) is shortened where that makes the model fit.
    What will not fit is planned all the same if it is wanted `anyway`: its weights then stay on the
    disk, as far as memory cannot hold them. Before that, as before a refusal, the engine is asked
    for cards, where nobody knows them yet: seconds, once on a computer.

    Raises ModelFileError, or TooLarge with the figures.
    """
    info = read_gguf(model.path)
    wished = wished_plan(info, settings.engine)
    take = _sized_by(known, model, info)

    def plan(*, anyway: bool) -> LoadPlan:
        computer = this_computer(known.devices, held=known.held)
        return fitting_plan(info, wished, computer, model.title, take, anyway=anyway)

    devices = known.devices
    if devices is None or devices.cards() is not None:
        return plan(anyway=anyway)
    try:
        return plan(anyway=False)
    except TooLarge:
        devices.find()
        return plan(anyway=anyway)


def check_model(model: InstalledModel, settings: Settings, known: Known = _NOTHING) -> None:
    """Raise what `plan_for` raises, if `model` cannot be loaded once the present one has left."""
    plan_for(model, settings, known)


def fitting_plan(
    info: GgufInfo,
    wished: LoadPlan,
    computer: Computer,
    name: str,
    take: Sized | None = None,
    *,
    anyway: bool = False,
) -> LoadPlan:
    """Return the first plan that fits with room, else the first that fits; raises TooLarge.

    `take` says what plans take, by formula where it is None; `anyway` as for `plan_for`.
    """
    take = take or _reckoned_by(info)
    guesses = wished.next_token_heads or wished.draft_model is not None
    if guesses and _judged(take(wished), wished, computer) is not FitLevel.FITS:
        wished = replace(wished, next_token_heads=False, rollback=0, draft_model=None)
    plans = [(plan, take(plan)) for plan in _candidates(info, wished)]
    levels = [_judged(footprint, plan, computer) for plan, footprint in plans]
    for level in (FitLevel.FITS, FitLevel.TIGHT):
        if level in levels:
            plan, _ = plans[levels.index(level)]
            return _placed(info, plan, take)
    plan, footprint = plans[-1]
    if anyway:
        return from_the_disk(_placed(info, plan, take))
    shorter = _halved_until_it_fits(wished, computer, take) if wished.n_ctx else None
    raise _too_large(name, _verdict(footprint, plan, computer), shorter)


def from_the_disk(plan: LoadPlan) -> LoadPlan:
    """Return `plan` for weights that memory cannot hold: the system reads them as they are needed.

    What llama.cpp repacks could not be given back, so it stays as it is in the file.
    """
    return replace(plan, mmap=True, extra_buffers=False)


def wished_plan(info: GgufInfo, engine: EngineSettings) -> LoadPlan:
    """Return the plan that the settings ask for, as far as the model can do it."""
    draft_model = _draft_model(info, engine)
    draft_tokens = engine.draft_tokens if engine.speculation else 0
    heads = bool(
        draft_tokens and engine.next_token_heads and info.head_weights and draft_model is None
    )
    return LoadPlan(
        path=info.path,
        n_ctx=engine.n_ctx,
        n_gpu_layers=engine.n_gpu_layers,
        threads=engine.threads or usable_cores(),
        kv_type=_kv_type(info, engine),
        slots=engine.slots,
        flash_attention=engine.flash_attention,
        mmap=_maps_file(engine.n_gpu_layers),
        draft_tokens=draft_tokens,
        draft_model=draft_model,
        next_token_heads=heads,
        rollback=min(draft_tokens, _ROLLBACK) if heads and state_bytes(info, 1) else 0,
    )


def _sized_by(known: Known, model: InstalledModel, info: GgufInfo) -> Sized:
    """Return what says how much plans take: as it was measured, if it was, and else by formula.

    Nothing is measured now: whoever loads a model waits for it.
    """
    by_formula = _reckoned_by(info)
    sizes, devices = known.sizes, known.devices
    if sizes is None:
        return by_formula

    def best(plan: LoadPlan) -> Footprint:
        point = Point(context_for(info, plan), plan.kv_type)
        if devices is None or not cards_of(devices.known() or ()):
            # Without cards all layers stay with the processor, whatever is wished: so it was measured.
            plan = replace(plan, n_gpu_layers=0)
        return sizes.kept(model, plan, (point,))[0] or by_formula(plan)

    return best


def _reckoned_by(info: GgufInfo) -> Sized:
    def reckon(plan: LoadPlan) -> Footprint:
        draft = read_gguf(plan.draft_model) if plan.draft_model is not None else None
        return reckoned(info, plan, draft)

    return reckon


def _placed(info: GgufInfo, plan: LoadPlan, take: Sized) -> LoadPlan:
    """Return `plan` with the sizes that layers are given to cards by: those of the model alone."""
    return placed(info, plan, gathered(take(replace(plan, draft_model=None))))


def _verdict(footprint: Footprint, plan: LoadPlan, computer: Computer) -> Placed:
    return verdict(footprint, computer, EngineSettings(n_gpu_layers=plan.n_gpu_layers))


def _judged(footprint: Footprint, plan: LoadPlan, computer: Computer) -> FitLevel:
    return _verdict(footprint, plan, computer).fit.level


def _halved_until_it_fits(
    wished: LoadPlan, computer: Computer, take: Sized
) -> tuple[int, int] | None:
    """Return a context in tokens that fits, with room if one does, and the bytes it needs.

    None where no context helps.
    """
    tight = None
    n_ctx = 1 << (wished.n_ctx - 1).bit_length() - 1
    while n_ctx >= _SMALLEST_CONTEXT:
        plan = replace(wished, n_ctx=n_ctx)
        footprint = take(plan)
        level = _judged(footprint, plan, computer)
        if level is FitLevel.FITS:
            return n_ctx, footprint.total
        if level is FitLevel.TIGHT and tight is None:
            tight = n_ctx, footprint.total
        n_ctx //= 2
    return tight


def _kv_type(info: GgufInfo, engine: EngineSettings) -> KvType:
    """Return the cache's type; where llama.cpp would refuse a quantised one it stays F16."""
    without_flash = engine.flash_attention is FlashAttention.OFF
    return engine.kv_type if can_quantise(info) and not without_flash else KvType.F16


def _maps_file(n_gpu_layers: int) -> bool:
    """Tell whether the file is mapped: where the processor computes it would be there twice.

    On a Mac with Apple's processor the graphics side computes from the mapped pages themselves.
    """
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return apple and n_gpu_layers < 0


def _draft_model(info: GgufInfo, engine: EngineSettings) -> Path | None:
    """Return the small model that guesses, if there is one that can; without it answers are the same.

    It can for a larger model with as many tokens as it has itself.
    """
    if not engine.speculation or not engine.draft_model:
        return None
    path = Path(engine.draft_model)
    try:
        draft = read_gguf(path)
    except ModelFileError as error:
        _log.warning("the draft model is left out: %s", error.title.message)
        return None
    can = draft.weights < info.weights and _tokens(draft) == _tokens(info) != 0
    return path if can else None


def _tokens(info: GgufInfo) -> int:
    count = info.metadata.get(f"{info.architecture}.vocab_size")
    return count if isinstance(count, int) else 0


def _candidates(info: GgufInfo, wished: LoadPlan) -> list[LoadPlan]:
    if wished.n_ctx:
        return [wished]
    longest = context_for(info, wished)
    shorter = [replace(wished, n_ctx=n_ctx) for n_ctx in _SHORTER_CONTEXTS if n_ctx < longest]
    return [wished, *shorter]


def _too_large(name: str, judged: Placed, shorter: tuple[int, int] | None) -> TooLarge:
    fit = judged.fit
    values = {
        "name": name,
        "needed": sized(fit.needed),
        "free": sized(fit.available),
        "total": sized(fit.total),
    }
    title = Text("{name} needs {needed} of memory, and {free} of {total} are free", values)
    if judged.place is not Place.PROCESSOR:
        title = Text(
            "{name} needs {needed} of memory, and {free} of {total} are free, graphics cards "
            "included",
            values,
        )
    if shorter is None:
        return TooLarge(
            title, Text("Choose a smaller model, or a smaller quantisation of this one.")
        )
    tokens, needed = shorter
    return TooLarge(
        title,
        Text(
            "With a context of {tokens} tokens it needs {needed}: shorten it to that, or choose a "
            "smaller model or quantisation.",
            {"tokens": f"{tokens:,}", "needed": sized(needed)},
        ),
        tokens,
    )
