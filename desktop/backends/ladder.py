"""After a death: what kind it was, and which plan to try next.

The ladder gives up one thing at a time: repacked weights, then layers on the GPU, then the kind of
GPU library, then the GPU, then context. What names a graphics driver goes to the next library at
once, and what tells of missing memory to a shorter context. Plain functions for any thread.

Exit codes: negative are POSIX signals; Windows gives NTSTATUS values.
"""

import signal
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final, TypeAlias

from desktop.backends.offload import gpus_of
from desktop.backends.process import Death
from desktop.domain.model import DEFAULT_CONTEXT, Device, LoadPlan
from desktop.domain.text import Text

_SMALLEST_CONTEXT = 1024
_FEWEST_LAYERS = 4
_GPU_WORDS = ("DeviceLost", "CUDA error", "out of memory", "VK_ERROR", "Metal")
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
    """What a death was, as far as can be told from outside."""

    CRASH = "crash"
    ABORT = "abort"
    DRIVER = "driver"
    MEMORY = "memory"
    SILENCE = "silence"
    NONSENSE = "nonsense"
    LAPIS_DIED = "lapis_died"
    UNKNOWN = "unknown"


Step: TypeAlias = tuple[LoadPlan, Text]


def cause_of(death: Death) -> Cause:
    """Return what kind of death this was; words of a graphics driver outweigh the exit code."""
    if death.nonsense:
        return Cause.NONSENSE
    if any(word in death.stderr for word in _GPU_WORDS):
        return Cause.DRIVER
    if death.code == -_SIGKILL:
        return Cause.MEMORY
    if death.code in _ABORTS:
        return Cause.ABORT
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
        case Cause.NONSENSE | Cause.UNKNOWN:
            return None
        case Cause.MEMORY:
            # While loading it is this model that takes the memory, later it may be any program.
            return _shorter(plan, cause, n_ctx) if loading else None
        case Cause.DRIVER if gpus:
            return _other_library(plan, cause, gpus, devices)
    if plan.extra_buffers and not (cause is Cause.ABORT and gpus):
        return replace(plan, extra_buffers=False), _told_buffers(cause)
    layers = offloaded if plan.n_gpu_layers < 0 else plan.n_gpu_layers
    if gpus and layers // 2 >= _FEWEST_LAYERS:
        return replace(plan, n_gpu_layers=layers // 2), _told_layers(cause)
    if gpus:
        return _other_library(plan, cause, gpus, devices)
    # What aborts on the processor with plain buffers is the file.
    return None if cause is Cause.ABORT else _shorter(plan, cause, n_ctx)


def _other_library(
    plan: LoadPlan, cause: Cause, gpus: Sequence[Device], devices: Sequence[Device]
) -> Step:
    """Give the layers to the GPU library that comes after the one in use, else to the processor."""
    rank = min(_rank(device) for device in gpus)
    later = [device for device in devices if device.is_gpu and _rank(device) > rank]
    if not later:
        return replace(plan, n_gpu_layers=0, devices=(), tensor_split=()), _told_processor(cause)
    library = min(later, key=_rank).backend
    names = tuple(device.name for device in later if device.backend == library)
    told = _told_library(cause, library)
    return replace(plan, devices=names, tensor_split=()), told


def _rank(device: Device) -> int:
    # The makers' own libraries come first, the one that runs everywhere last.
    return 1 if device.backend == "Vulkan" else 2 if device.backend == "OpenCL" else 0


def _shorter(plan: LoadPlan, cause: Cause, n_ctx: int) -> Step | None:
    half = (n_ctx or plan.n_ctx or DEFAULT_CONTEXT) // 2
    if half < _SMALLEST_CONTEXT:
        return None
    return replace(plan, n_ctx=half), _told_context(cause, half)


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


def _told_context(cause: Cause, tokens: int) -> Text:
    values = {"tokens": tokens}
    match cause:
        case Cause.MEMORY:
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
