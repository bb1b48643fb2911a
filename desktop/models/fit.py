"""Whether a model fits into memory with a plan, computed from its header alone.

Needed = weights + KV cache + recurrent state + compute buffer + the engine process itself.
The buffer formula follows what llama.cpp (llama-cpp-python 0.3.36) reserves on a processor. Pure
arithmetic; any thread.
"""

from dataclasses import replace
from typing import Final

from desktop.domain.model import (
    DEFAULT_CONTEXT,
    Fit,
    FitLevel,
    FlashAttention,
    GgufInfo,
    LoadPlan,
)
from desktop.models.hardware import Memory
from desktop.models.kv_cache import (
    Keys,
    head_bytes,
    kv_bytes,
    padded,
    state_bytes,
    window_cells,
)

_MIB: Final = 2**20
PROCESS: Final = 150 * _MIB
BUFFER_MARGIN: Final = 64 * _MIB
# What is left to the system, even when other programs have to make room.
SYSTEM: Final = 1_500_000_000
# Beside the scores of attention, measured: 34 to 52 MiB.
_SCORES_MARGIN: Final = 52 * _MIB


def context_for(info: GgufInfo, plan: LoadPlan) -> int:
    """Return the context window in tokens that `plan` gives, its 0 resolved."""
    return plan.n_ctx or min(info.context_length or DEFAULT_CONTEXT, DEFAULT_CONTEXT)


def estimate(info: GgufInfo, plan: LoadPlan, memory: Memory, draft: GgufInfo | None = None) -> Fit:
    """Return the bytes that `plan` needs, with the model `draft` that guesses ahead, if any.

    FITS: free now. TIGHT: only by pushing other programs out of memory. TOO_LARGE: not even so,
    with 1.5 GB left to the system.
    """
    context = context_for(info, plan)
    needed = _model_bytes(info, plan, context) + BUFFER_MARGIN + PROCESS
    if draft is not None:
        needed += _model_bytes(draft, replace(plan, draft_tokens=0), context)
    return Fit(level_of(needed, memory), needed, memory.available, memory.total)


def level_of(needed: int, memory: Memory) -> FitLevel:
    """Return whether `needed` bytes fit into `memory`, as `estimate` explains."""
    if needed <= memory.available:
        return FitLevel.FITS
    if needed <= memory.total - SYSTEM:
        return FitLevel.TIGHT
    return FitLevel.TOO_LARGE


def placed(info: GgufInfo, plan: LoadPlan) -> LoadPlan:
    """Return `plan` with what a layer takes, and what every device that computes takes beside.

    Layers are taken to be alike; the output matrix counts as one.
    """
    context = context_for(info, plan)
    layers = info.block_count + 1
    return replace(
        plan,
        layers=layers,
        layer_bytes=_kept_bytes(info, plan, context) // layers + 1,
        device_bytes=_working_bytes(info, plan, context) + BUFFER_MARGIN,
        auto_context=context_for(info, replace(plan, n_ctx=0)),
    )


def output_rows(plan: LoadPlan) -> int:
    """Return the most tokens of one batch whose logits are asked for.

    One for each answer being written, and each token that was guessed ahead.
    """
    return plan.slots + plan.draft_tokens


def compute_bytes(
    info: GgufInfo, context: int, *, micro_batch: int, slots: int, rows: int, flash: bool = True
) -> int:
    """Return the bytes of the compute and output buffers, without a margin.

    The larger of two phases, in 32-bit numbers: the logits of `rows` tokens, or the feed forward
    part of a layer with the attention masks of 16-bit numbers. Without flash attention (`flash`)
    the scores of all heads are kept too.
    """
    keys = Keys(info)
    width = keys.number("embedding_length")
    words = keys.number("vocab_size")
    inner = keys.number("feed_forward_length") or keys.number("expert_feed_forward_length")
    masked = padded(context) + window_cells(info, context, micro_batch=micro_batch, slots=slots)
    logits = 4 * (words * rows + 2 * width * micro_batch)
    layer = 4 * micro_batch * (3 * inner + 4 * width) + 2 * micro_batch * masked
    if not flash:
        scores = 4 * micro_batch * padded(context) * (keys.number("attention.head_count") + 1)
        layer = max(layer, scores + _SCORES_MARGIN)
    return max(logits, layer) + 4 * words * rows


def _model_bytes(info: GgufInfo, plan: LoadPlan, context: int) -> int:
    return _kept_bytes(info, plan, context) + _working_bytes(info, plan, context)


def _kept_bytes(info: GgufInfo, plan: LoadPlan, context: int) -> int:
    """Return the bytes of the weights that are loaded, of states, and of all caches."""
    micro_batch = _micro_batch(plan, context)
    kept = info.weights + state_bytes(info, plan.slots, plan.rollback)
    kept += kv_bytes(info, context, plan.kv_type, micro_batch=micro_batch, slots=plan.slots)
    if plan.next_token_heads:
        return kept + head_bytes(info, context, plan.kv_type)
    return kept - info.head_weights


def _working_bytes(info: GgufInfo, plan: LoadPlan, context: int) -> int:
    """Return the bytes that computing takes; heads have a context of their own for it."""
    beside = compute_bytes(
        info,
        context,
        micro_batch=_micro_batch(plan, context),
        slots=plan.slots,
        rows=output_rows(plan),
        flash=plan.flash_attention is not FlashAttention.OFF,
    )
    return beside * (2 if plan.next_token_heads else 1)


def _micro_batch(plan: LoadPlan, context: int) -> int:
    return min(plan.n_ubatch, plan.n_batch, context)
