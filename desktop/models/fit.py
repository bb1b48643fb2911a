"""Whether a model fits into memory with a plan, computed from its header alone.

Needed = weights + KV cache + recurrent state + compute buffer + the engine process itself.
The buffer formula follows what llama.cpp (llama-cpp-python 0.3.36) reserves on a processor with
flash attention. Pure arithmetic; any thread.
"""

from typing import Final

from desktop.domain.model import DEFAULT_CONTEXT, Fit, FitLevel, GgufInfo, LoadPlan
from desktop.models.hardware import Memory
from desktop.models.kv_cache import Keys, kv_bytes, padded, state_bytes, window_cells

_MIB: Final = 2**20
_PROCESS: Final = 150 * _MIB
_BUFFER_MARGIN: Final = 64 * _MIB
_SYSTEM: Final = 1_500_000_000


def context_for(info: GgufInfo, plan: LoadPlan) -> int:
    """Return the context window in tokens that `plan` gives, its 0 resolved."""
    return plan.n_ctx or min(info.context_length or DEFAULT_CONTEXT, DEFAULT_CONTEXT)


def estimate(info: GgufInfo, plan: LoadPlan, memory: Memory) -> Fit:
    """Return the bytes that `plan` needs, and whether they are there.

    FITS: free now. TIGHT: only by pushing other programs out of memory. TOO_LARGE: not even so,
    with 1.5 GB left to the system.
    """
    context = context_for(info, plan)
    micro_batch = min(plan.n_ubatch, plan.n_batch, context)
    needed = (
        info.weights
        + kv_bytes(info, context, plan.kv_type, micro_batch=micro_batch, slots=plan.slots)
        + state_bytes(info, plan.slots)
        + compute_bytes(info, context, micro_batch=micro_batch, slots=plan.slots)
        + _BUFFER_MARGIN
        + _PROCESS
    )
    return Fit(_level(needed, memory), needed, memory.available, memory.total)


def compute_bytes(info: GgufInfo, context: int, *, micro_batch: int, slots: int) -> int:
    """Return the bytes of the compute and output buffers, without a margin.

    The larger of two phases, in 32-bit numbers: the logits of one token for each slot, or the
    feed forward part of a layer with the attention masks of 16-bit numbers.
    """
    keys = Keys(info)
    width = keys.number("embedding_length")
    words = keys.number("vocab_size")
    inner = keys.number("feed_forward_length") or keys.number("expert_feed_forward_length")
    masked = padded(context) + window_cells(info, context, micro_batch=micro_batch, slots=slots)
    logits = 4 * (words * slots + 2 * width * micro_batch)
    layer = 4 * micro_batch * (3 * inner + 4 * width) + 2 * micro_batch * masked
    return max(logits, layer) + 4 * words * slots


def _level(needed: int, memory: Memory) -> FitLevel:
    if needed <= memory.available:
        return FitLevel.FITS
    if needed <= memory.total - _SYSTEM:
        return FitLevel.TIGHT
    return FitLevel.TOO_LARGE
