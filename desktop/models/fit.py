"""How much memory a model takes with a plan, computed from its header alone, and whether it fits.

Needed = weights + KV cache + recurrent state + compute buffer + output buffer + the engine process
itself. The buffer formula follows what llama.cpp (llama-cpp-python 0.3.36) reserves on a processor.
Pure arithmetic; any thread.
"""

from dataclasses import replace
from typing import Final

from desktop.domain.footprint import HOST, Certainty, DeviceBytes, Footprint, Point
from desktop.domain.layer_placing import Placing
from desktop.domain.model import (
    DEFAULT_CONTEXT,
    FitLevel,
    FlashAttention,
    GgufInfo,
    KvType,
    LoadPlan,
)
from desktop.models.hardware import Memory
from desktop.models.kv_cache import (
    Keys,
    can_quantise,
    head_bytes,
    kv_bytes,
    padded,
    state_bytes,
    window_cells,
)

_MIB: Final = 2**20
PROCESS: Final = 150 * _MIB
"""What the engine process takes beside the model, measured."""
BUFFER_MARGIN: Final = 64 * _MIB
# What is left to the system, even when other programs have to make room.
SYSTEM: Final = 1_500_000_000
# Beside the scores of attention, measured: 34 to 52 MiB.
_SCORES_MARGIN: Final = 52 * _MIB


def context_for(info: GgufInfo, plan: LoadPlan) -> int:
    """Return the context window in tokens that `plan` gives, its 0 resolved."""
    return plan.n_ctx or min(info.context_length or DEFAULT_CONTEXT, DEFAULT_CONTEXT)


def reckoned(info: GgufInfo, plan: LoadPlan, draft: GgufInfo | None = None) -> Footprint:
    """Return what `plan` takes, all of it in the memory of the computer (see `spread`).

    `draft` is the model that guesses ahead, if there is one. A cache that the model's heads are too
    narrow to make smaller is reckoned, and named, as F16.
    """
    context = context_for(info, plan)
    if _embeds(info):
        # A text is read whole, in one batch as long as the context.
        plan = replace(plan, n_batch=context, n_ubatch=context, slots=1, draft_tokens=0)
    plan = _with_its_cache(plan, info)
    own = _parts(info, plan, context)
    alone = Footprint(
        point=Point(context, plan.kv_type),
        devices=(replace(own, compute=own.compute + BUFFER_MARGIN),),
        certainty=Certainty.RECKONED,
        layers=info.block_count + 1,
        process=PROCESS,
        looked_up=info.looked_up,
    )
    return alone if draft is None else with_draft(alone, draft, plan)


def with_draft(footprint: Footprint, draft: GgufInfo, plan: LoadPlan) -> Footprint:
    """Return `footprint` with the model `draft` that guesses ahead, on the processor."""
    alone = replace(plan, draft_tokens=0, next_token_heads=False, rollback=0)
    beside = _parts(draft, _with_its_cache(alone, draft), footprint.point.context)
    host, *cards = footprint.devices
    return replace(footprint, devices=(_sum(host, beside), *cards))


def spread(footprint: Footprint, placing: Placing) -> Footprint:
    """Return `footprint` with the layers of `placing` on their cards, layers taken to be alike.

    Each card needs a compute buffer of its own. The processor keeps the tables in which tokens are
    looked up, and results.
    """
    if not placing.gpu_layers:
        return footprint
    layers = max(1, placing.layers)
    kv, compute = footprint.kv, footprint.compute
    weights = max(0, footprint.weights - footprint.looked_up)
    cards = [
        DeviceBytes(
            device=card.name,
            weights=weights * count // layers,
            kv=kv * count // layers,
            compute=compute,
        )
        for card, count in zip(placing.cards, placing.counts, strict=True)
    ]
    host = DeviceBytes(
        device=HOST,
        weights=footprint.weights - sum(card.weights for card in cards),
        kv=kv - sum(card.kv for card in cards),
        compute=min(compute, BUFFER_MARGIN) if placing.is_whole else compute,
        output=footprint.output,
    )
    return replace(footprint, devices=(host, *cards), layers=layers, gpu_layers=placing.gpu_layers)


def gathered(footprint: Footprint) -> Footprint:
    """Return `footprint` with all of it in the memory of the computer, to be spread anew."""
    host, *cards = footprint.devices
    if not cards:
        return footprint
    every = (host, *cards)
    alone = DeviceBytes(
        device=HOST,
        weights=footprint.weights,
        kv=footprint.kv,
        compute=max(one.compute for one in every),
        output=footprint.output,
    )
    return replace(footprint, devices=(alone,), gpu_layers=0)


def layer_bytes(footprint: Footprint) -> int:
    """Return what one of the layers takes with its cache; they are taken to be alike."""
    weights = max(0, footprint.weights - footprint.looked_up)
    return (weights + footprint.kv) // max(1, footprint.layers) + 1


def working_bytes(footprint: Footprint) -> int:
    """Return what each device that computes takes beside its layers."""
    return max(one.compute + one.output for one in footprint.devices)


def level_of(needed: int, memory: Memory) -> FitLevel:
    """Return whether `needed` bytes fit into `memory`.

    FITS: free now. TIGHT: only by pushing other programs out of memory. TOO_LARGE: not even so,
    with 1.5 GB left to the system.
    """
    if needed <= memory.available:
        return FitLevel.FITS
    if needed <= memory.total - SYSTEM:
        return FitLevel.TIGHT
    return FitLevel.TOO_LARGE


def placed(info: GgufInfo, plan: LoadPlan, footprint: Footprint | None = None) -> LoadPlan:
    """Return `plan` with what a layer takes, and what every device that computes takes beside.

    By `footprint`, where something better is known of the model alone than what is reckoned.
    """
    known = footprint or reckoned(info, plan)
    return replace(
        plan,
        layers=info.block_count + 1,
        layer_bytes=layer_bytes(replace(known, layers=info.block_count + 1)),
        device_bytes=working_bytes(known),
        auto_context=context_for(info, replace(plan, n_ctx=0)),
        can_shrink_cache=can_quantise(info) and plan.flash_attention is not FlashAttention.OFF,
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
    phases = _phase_bytes(
        info, context, micro_batch=micro_batch, slots=slots, rows=rows, flash=flash
    )
    return phases + _output_bytes(info, rows)


def _embeds(info: GgufInfo) -> bool:
    """Return whether the model turns texts into vectors, and does not answer."""
    return info.metadata.get(f"{info.architecture}.pooling_type", 0) not in (0, None)


def _phase_bytes(
    info: GgufInfo, context: int, *, micro_batch: int, slots: int, rows: int, flash: bool
) -> int:
    keys = Keys(info)
    width = keys.number("embedding_length")
    inner = keys.number("feed_forward_length") or keys.number("expert_feed_forward_length")
    masked = padded(context) + window_cells(info, context, micro_batch=micro_batch, slots=slots)
    logits = 4 * (keys.number("vocab_size") * rows + 2 * width * micro_batch)
    layer = 4 * micro_batch * (3 * inner + 4 * width) + 2 * micro_batch * masked
    if not flash:
        scores = 4 * micro_batch * padded(context) * (keys.number("attention.head_count") + 1)
        layer = max(layer, scores + _SCORES_MARGIN)
    return max(logits, layer)


def _output_bytes(info: GgufInfo, rows: int) -> int:
    return 4 * Keys(info).number("vocab_size") * rows


def _with_its_cache(plan: LoadPlan, info: GgufInfo) -> LoadPlan:
    """Return `plan` with F16 for a cache that heads are too narrow to make smaller."""
    return plan if can_quantise(info) else replace(plan, kv_type=KvType.F16)


def _parts(info: GgufInfo, plan: LoadPlan, context: int) -> DeviceBytes:
    """Return what one model takes; heads have a context of their own to compute in."""
    micro_batch = min(plan.n_ubatch, plan.n_batch, context)
    rows = output_rows(plan)
    cache = state_bytes(info, plan.slots, plan.rollback)
    cache += kv_bytes(info, context, plan.kv_type, micro_batch=micro_batch, slots=plan.slots)
    weights = info.weights
    if plan.next_token_heads:
        cache += head_bytes(info, context, plan.kv_type)
    else:
        weights -= info.head_weights
    contexts = 2 if plan.next_token_heads else 1
    phases = _phase_bytes(
        info,
        context,
        micro_batch=micro_batch,
        slots=plan.slots,
        rows=rows,
        flash=plan.flash_attention is not FlashAttention.OFF,
    )
    output = _output_bytes(info, rows)
    return DeviceBytes(HOST, weights, cache, phases * contexts, output * contexts)


def _sum(one: DeviceBytes, other: DeviceBytes) -> DeviceBytes:
    return DeviceBytes(
        one.device,
        one.weights + other.weights,
        one.kv + other.kv,
        one.compute + other.compute,
        one.output + other.output,
    )
