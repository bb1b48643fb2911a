"""After a death: what kind it was, and which plan to try next.

The ladder gives up one thing at a time: heads that guess, repacked weights, then layers on the GPU,
then the kind of GPU library, then the GPU, then context. What names a graphics driver goes to the
next library at once, and what tells of missing memory to a smaller cache: shorter, and before it
gets too short for a chat, of smaller numbers. Plain functions for any thread.

Exit codes: negative are POSIX signals; Windows gives NTSTATUS values.
"""

import signal
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final, TypeAlias

from desktop.backends.offload import gpus_of, on_the_processor, with_half_the_layers
from desktop.backends.process import Death
from desktop.base.child_program import EXIT_REPLACED
from desktop.domain.model import DEFAULT_CONTEXT, Device, KvType, LoadPlan
from desktop.domain.text import Text

_SMALLEST_CONTEXT = 1024
# What a chat should be able to look back on, in tokens, before less of it is kept.
_CHAT_CONTEXT = 4096
_GPU_WORDS = ("DeviceLost", "CUDA error", "VK_ERROR", "Metal")
# In small letters.
_CARD_MEMORY_WORDS = ("out of memory", "outofdevicememory", "out_of_device_memory")
_MEMORY_WORDS = (
    "memoryerror",
    "bad_alloc",
    "cannot allocate memory",
    "failed to allocate",
    "unable to allocate",
    "insufficient memory",
    "thread creation failed",
    "can't start new thread",
    "outofhostmemory",
)
_CRASHES: Final = frozenset(
    {
        -signal.SIGSEGV,
        -signal.SIGILL,
        -signal.SIGFPE,
        -getattr(signal, "SIGBUS", signal.SIGSEGV),
        0xC0000005,
        0xC000001D,
        0xC00000FD,
        -1073741819,
        -1073741795,
        -1073741571,
    }
)
_ABORTS: Final = frozenset({-signal.SIGABRT, 3, 0xC0000409, -1073740791})
_SIGKILL = 9


class Cause(StrEnum):
    """What a death was, as far as can be told from outside.

    `MEMORY`: the system ended it. `NO_MEMORY`: it asked for more and got none. `CARD_MEMORY`: the
    same on a graphics card. `REPLACED`: it is of another version than the Lapis that runs.
    """

    CRASH = "crash"
    ABORT = "abort"
    DRIVER = "driver"
    MEMORY = "memory"
    NO_MEMORY = "no_memory"
    CARD_MEMORY = "card_memory"
    SILENCE = "silence"
    NONSENSE = "nonsense"
    LAPIS_DIED = "lapis_died"
    REPLACED = "replaced"
    UNKNOWN = "unknown"


Step: TypeAlias = tuple[LoadPlan, Text]


def cause_of(death: Death) -> Cause:
    """Return what kind of death this was; what the process said outweighs its exit code.

    Nobody who is killed has the time to say why.
    """
    if death.nonsense:
        return Cause.NONSENSE
    if death.code == EXIT_REPLACED and death.step == "start":
        return Cause.REPLACED
    if death.code == -_SIGKILL:
        return Cause.MEMORY
    said = death.stderr.lower()
    if any(word in said for word in _CARD_MEMORY_WORDS):
        return Cause.CARD_MEMORY
    if any(word in death.stderr for word in _GPU_WORDS):
        return Cause.DRIVER
    if any(word in said for word in _MEMORY_WORDS):
        return Cause.NO_MEMORY
    if death.code in _ABORTS:
        return Cause.ABORT
    if death.code == 1 and death.step == "start" and not said.strip():
        # Python tells of every fault but the one that leaves it no memory to tell anything.
        return Cause.NO_MEMORY
    return Cause.CRASH if death.code in _CRASHES else Cause.UNKNOWN


def safer_plan(
    plan: LoadPlan,
    cause: Cause,
    *,
    loading: bool,
    n_ctx: int = 0,
    offloaded: int = 0,
    devices: Sequence[Device] = (),
) -> Step | None:
    """Return the next safer plan and what it gives up, or None where nothing is left to give up.

    `n_ctx` and `offloaded` (layers) are what the plan came to, 0 when it never loaded.
    """
    gpus = gpus_of(plan, devices)
    match cause:
        case Cause.NONSENSE | Cause.REPLACED | Cause.UNKNOWN:
            return None
        case Cause.CARD_MEMORY if gpus:
            return _fewer_layers(plan, cause, offloaded) or (
                on_the_processor(plan),
                _told_processor(cause),
            )
        case Cause.MEMORY | Cause.NO_MEMORY | Cause.CARD_MEMORY:
            # While loading it is this model that takes the memory, later it may be any program.
            return with_less_cache(plan, cause, n_ctx) if loading else None
        case Cause.DRIVER if gpus:
            return _other_library(plan, cause, gpus, devices)
    if plan.next_token_heads:
        return replace(plan, next_token_heads=False, rollback=0), _told_buffers(cause)
    if plan.extra_buffers and not (cause is Cause.ABORT and gpus):
        return replace(plan, extra_buffers=False), _told_buffers(cause)
    if gpus:
        fewer = _fewer_layers(plan, cause, offloaded)
        return fewer or _other_library(plan, cause, gpus, devices)
    # What aborts on the processor with plain buffers is the file.
    return None if cause is Cause.ABORT else shorter(plan, cause, n_ctx)


def with_less_cache(plan: LoadPlan, cause: Cause, n_ctx: int = 0) -> Step | None:
    """Return `plan` with about half of the memory of the conversation; None if too little is left.

    Of less length while a chat still has enough of it, then of smaller numbers, then shorter still.
    """
    step = shorter(plan, cause, n_ctx)
    if plan.kv_type is not KvType.F16 or not plan.can_shrink_cache:
        return step
    if step is not None and step[0].n_ctx >= _CHAT_CONTEXT:
        return step
    return replace(plan, kv_type=KvType.Q8_0), _told_cache()


def shorter(plan: LoadPlan, cause: Cause, n_ctx: int = 0) -> Step | None:
    """Return `plan` with half of the context, `n_ctx` tokens if that is known; None if too little."""
    half = (n_ctx or plan.n_ctx or plan.auto_context or DEFAULT_CONTEXT) // 2
    if half < _SMALLEST_CONTEXT:
        return None
    small = plan.can_shrink_cache and plan.kv_type is not KvType.F16
    return replace(plan, n_ctx=half), _told_context(cause, half, small=small)


def _fewer_layers(plan: LoadPlan, cause: Cause, offloaded: int) -> Step | None:
    fewer = with_half_the_layers(plan, offloaded)
    return None if fewer is None else (fewer, _told_layers(cause))


def _other_library(
    plan: LoadPlan, cause: Cause, gpus: Sequence[Device], devices: Sequence[Device]
) -> Step:
    """Give the layers to the GPU library that comes after the one in use, else to the processor."""
    rank = min(_rank(device) for device in gpus)
    later = [device for device in devices if device.is_gpu and _rank(device) > rank]
    if not later:
        return on_the_processor(plan), _told_processor(cause)
    library = min(later, key=_rank).backend
    names = tuple(device.name for device in later if device.backend == library)
    told = _told_library(cause, library)
    return replace(plan, devices=names, tensor_split=()), told


def _rank(device: Device) -> int:
    # The makers' own libraries come first, the one that runs everywhere last.
    return 1 if device.backend == "Vulkan" else 2 if device.backend == "OpenCL" else 0


def _told_buffers(cause: Cause) -> Text:
    match cause:
        case Cause.SILENCE:
            return Text("The engine stopped responding and was restarted with a safer setting.")
        case Cause.LAPIS_DIED:
            return Text(
                "Lapis did not survive the last loading of this model, so it now uses a safer "
                "setting."
            )
        case _:
            return Text("The engine crashed and was restarted with a safer setting.")


def _told_layers(cause: Cause) -> Text:
    match cause:
        case Cause.CARD_MEMORY:
            return Text("The graphics card ran out of memory, so less of the model now runs on it.")
        case Cause.SILENCE:
            return Text(
                "The engine stopped responding, so less of the model now runs on the graphics card."
            )
        case Cause.LAPIS_DIED:
            return Text(
                "Lapis did not survive the last loading of this model, so less of it now runs on "
                "the graphics card."
            )
        case _:
            return Text("The engine crashed, so less of the model now runs on the graphics card.")


def _told_library(cause: Cause, library: str) -> Text:
    values = {"library": library}
    match cause:
        case Cause.DRIVER:
            return Text("The graphics driver failed, so the model now runs with {library}.", values)
        case Cause.SILENCE:
            return Text(
                "The engine stopped responding, so the model now runs with {library}.", values
            )
        case Cause.LAPIS_DIED:
            return Text(
                "Lapis did not survive the last loading of this model, so it now runs with "
                "{library}.",
                values,
            )
        case _:
            return Text("The engine crashed, so the model now runs with {library}.", values)


def _told_processor(cause: Cause) -> Text:
    match cause:
        case Cause.CARD_MEMORY:
            return Text(
                "The graphics card ran out of memory, so the model now runs on the processor."
            )
        case Cause.DRIVER:
            return Text("The graphics driver failed, so the model now runs on the processor.")
        case Cause.SILENCE:
            return Text("The engine stopped responding, so the model now runs on the processor.")
        case Cause.LAPIS_DIED:
            return Text(
                "Lapis did not survive the last loading of this model, so it now runs on the "
                "processor."
            )
        case _:
            return Text("The engine crashed, so the model now runs on the processor only.")


def _told_cache() -> Text:
    return Text(
        "Memory ran out while loading, so what the model keeps of the chat now takes half the space."
    )


def _told_context(cause: Cause, tokens: int, *, small: bool) -> Text:
    values = {"tokens": f"{tokens:,}"}
    match cause:
        case Cause.MEMORY | Cause.NO_MEMORY | Cause.CARD_MEMORY if small:
            return Text(
                "Memory ran out while loading, so the model now sees {tokens} tokens at once, kept "
                "in half the space.",
                values,
            )
        case Cause.MEMORY | Cause.NO_MEMORY | Cause.CARD_MEMORY:
            return Text(
                "Memory ran out while loading, so the model now sees {tokens} tokens at once.",
                values,
            )
        case Cause.SILENCE:
            return Text(
                "The engine stopped responding, so the model now sees {tokens} tokens at once.",
                values,
            )
        case Cause.LAPIS_DIED:
            return Text(
                "Lapis did not survive the last loading of this model, so it now sees {tokens} "
                "tokens at once.",
                values,
            )
        case _:
            return Text(
                "The engine crashed, so the model now sees {tokens} tokens at once.", values
            )
