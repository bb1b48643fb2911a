"""From a chosen model to the plan that loads it, or to the reason why it cannot be loaded.

Plain functions for any thread. Nothing native is touched: the header is read in Python and memory
is computed, so a file that is no model or is too large is refused before the engine sees it.
"""

import logging
import platform
import sys
from dataclasses import replace
from pathlib import Path

from desktop.domain.errors import ModelFileError, OutOfMemory
from desktop.domain.model import (
    Fit,
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
from desktop.models.fit import context_for, estimate, placed
from desktop.models.gguf import read_gguf
from desktop.models.hardware import Memory, memory, usable_cores
from desktop.models.kv_cache import can_quantise, state_bytes

_SHORTER_CONTEXTS = (4096, 2048)
_SMALLEST_CONTEXT = 1024
# Tokens that a recurrent state can be taken back by; each takes the state of every slot once more.
_ROLLBACK = 3

_log = logging.getLogger(__name__)


def plan_for(model: InstalledModel, settings: Settings) -> LoadPlan:
    """Return how to load `model` on this computer as it is now.

    An automatic context (`settings.engine.n_ctx` 0) is shortened where that makes the model fit.
    Raises ModelFileError, or OutOfMemory with the figures.
    """
    info = read_gguf(model.path)
    return fitting_plan(info, _wished(info, settings), memory(), model.title)


def check_model(model: InstalledModel, settings: Settings) -> None:
    """Raise what `plan_for` raises, if `model` cannot be loaded even when nothing else is.

    A model that fits once the present one has left is no reason to complain.
    """
    info = read_gguf(model.path)
    wished, now = _wished(info, settings), memory()
    try:
        fitting_plan(info, wished, replace(now, available=now.total), model.title)
    except OutOfMemory:
        fitting_plan(info, wished, now, model.title)


def fitting_plan(info: GgufInfo, wished: LoadPlan, free: Memory, name: str) -> LoadPlan:
    """Return the first plan that fits with room, else the first that fits; raises OutOfMemory."""
    draft = read_gguf(wished.draft_model) if wished.draft_model is not None else None
    if wished.next_token_heads and estimate(info, wished, free).level is not FitLevel.FITS:
        wished = replace(wished, next_token_heads=False, rollback=0)
    fits = [(plan, estimate(info, plan, free, draft)) for plan in _candidates(info, wished)]
    for level in (FitLevel.FITS, FitLevel.TIGHT):
        for plan, fit in fits:
            if fit.level is level:
                return placed(info, plan)
    shorter = _halved_until_it_fits(info, wished, free, draft) if wished.n_ctx else None
    raise _too_large(name, fits[-1][1], shorter)


def _halved_until_it_fits(
    info: GgufInfo, wished: LoadPlan, free: Memory, draft: GgufInfo | None
) -> tuple[int, int] | None:
    """Return a context in tokens that fits, with room if one does, and the bytes it needs.

    None where no context helps.
    """
    tight = None
    n_ctx = 1 << (wished.n_ctx - 1).bit_length() - 1
    while n_ctx >= _SMALLEST_CONTEXT:
        fit = estimate(info, replace(wished, n_ctx=n_ctx), free, draft)
        if fit.level is FitLevel.FITS:
            return n_ctx, fit.needed
        if fit.level is FitLevel.TIGHT and tight is None:
            tight = n_ctx, fit.needed
        n_ctx //= 2
    return tight


def _wished(info: GgufInfo, settings: Settings) -> LoadPlan:
    engine = settings.engine
    draft_model = _draft_model(engine)
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


def _draft_model(engine: EngineSettings) -> Path | None:
    """Return the small model that guesses, if there is one; without it answers are the same."""
    if not engine.speculation or not engine.draft_model:
        return None
    path = Path(engine.draft_model)
    try:
        read_gguf(path)
    except ModelFileError as error:
        _log.warning("the draft model is left out: %s", error.title.message)
        return None
    return path


def _candidates(info: GgufInfo, wished: LoadPlan) -> list[LoadPlan]:
    if wished.n_ctx:
        return [wished]
    longest = context_for(info, wished)
    shorter = [replace(wished, n_ctx=n_ctx) for n_ctx in _SHORTER_CONTEXTS if n_ctx < longest]
    return [wished, *shorter]


def _too_large(name: str, fit: Fit, shorter: tuple[int, int] | None) -> OutOfMemory:
    title = Text(
        "{name} needs {needed} of memory, and {free} of {total} are free",
        {
            "name": name,
            "needed": sized(fit.needed),
            "free": sized(fit.available),
            "total": sized(fit.total),
        },
    )
    if shorter is None:
        return OutOfMemory(
            title, Text("Choose a smaller model, or a smaller quantisation of this one.")
        )
    tokens, needed = shorter
    return OutOfMemory(
        title,
        Text(
            "With a context of {tokens} tokens it needs {needed}: shorten it to that, or choose a "
            "smaller model or quantisation.",
            {"tokens": f"{tokens:,}", "needed": sized(needed)},
        ),
    )
