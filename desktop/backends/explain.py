"""Why the engine process died or refused, in words, and which plan to try next.

Exit codes: negative are POSIX signals; Windows gives NTSTATUS values. The ladder gives up one
thing at a time: repacked weights, then layers on the GPU, then context.
"""

import signal
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from desktop.backends.process import Death
from desktop.domain.errors import (
    ContextOverflow,
    Defect,
    EngineDied,
    EngineMissing,
    LapisError,
    ModelFileError,
    ModelLoadError,
    OutOfMemory,
    TemplateError,
)
from desktop.domain.model import DEFAULT_CONTEXT, Device, LoadPlan
from desktop.domain.text import Text
from desktop.inference.messages import LoadFailed, Refused

_SIGKILL = 9
_CRASHES: Final = frozenset(
    {
        -signal.SIGSEGV,
        -signal.SIGILL,
        -signal.SIGFPE,
        -getattr(signal, "SIGBUS", signal.SIGSEGV),
        0xC0000005,
        0xC000001D,
        -1073741819,
        -1073741795,
    }
)
_ABORTS: Final = frozenset({-signal.SIGABRT, 3, 0xC0000409, -1073740791})
_GPU_WORDS = ("DeviceLost", "CUDA error", "out of memory", "VK_ERROR", "Metal")
_SMALLEST_CONTEXT = 1024


def safer_plan(
    plan: LoadPlan, death: Death, *, n_ctx: int, devices: Sequence[Device]
) -> tuple[LoadPlan, Text] | None:
    """Return the next safer plan and what it gives up, or None where nothing is left to give up.

    `n_ctx` is the context the plan came to, 0 when it never loaded.
    """
    if death.nonsense:
        return None
    on_gpu = any(device.is_gpu for device in devices) and plan.n_gpu_layers != 0
    gpu_failed = any(word in death.stderr for word in _GPU_WORDS)
    if gpu_failed and on_gpu:
        return (
            replace(plan, n_gpu_layers=0),
            Text("The graphics driver failed, so the model now runs on the processor."),
        )
    if death.code in _CRASHES and plan.extra_buffers:
        return (
            replace(plan, extra_buffers=False),
            Text("The engine crashed and was restarted with a safer setting."),
        )
    if (death.code in _CRASHES or death.code in _ABORTS) and on_gpu:
        return (
            replace(plan, n_gpu_layers=0),
            Text("The engine crashed, so the model now runs on the processor only."),
        )
    context = n_ctx or plan.n_ctx or DEFAULT_CONTEXT
    if death.code == -_SIGKILL and death.step == "load" and context // 2 >= _SMALLEST_CONTEXT:
        return (
            replace(plan, n_ctx=context // 2),
            Text(
                "Memory ran out while loading, so the model now sees {tokens} tokens at once.",
                {"tokens": context // 2},
            ),
        )
    return None


def explain_death(death: Death) -> LapisError:
    """Return what a person is told about a death that was not survived."""
    again = Text("The text so far is kept. Ask again; the engine starts anew by itself.")
    if death.nonsense:
        return EngineDied(Text("The engine failed and was ended"), again)
    if death.code == -_SIGKILL:
        return EngineDied(
            Text("The engine was ended by the system, most likely because memory ran out"),
            Text(
                "The text so far is kept. Ask again; if it happens again, close other programs "
                "or choose a smaller model."
            ),
        )
    if death.code in _ABORTS:
        return EngineDied(
            Text("The engine stopped itself: the model file may be damaged"),
            Text(
                "The text so far is kept. Ask again; if it happens again, download the model anew "
                "or choose another one."
            ),
        )
    if death.code in _CRASHES:
        return EngineDied(Text("The engine crashed"), again)
    return EngineDied(Text("The engine ended unexpectedly"), again)


def explain_hanging_template() -> LapisError:
    """Return what a person is told about a chat template that does not come to an end."""
    return TemplateError(
        Text("The chat template of this model takes too long"),
        Text("The file was made carelessly or with bad intent. Choose another model."),
    )


def explain_unsendable() -> LapisError:
    """Return what a person is told about a question too large for the pipe."""
    return ContextOverflow(
        Text("The text is too long for any model"),
        Text("Shorten it, or ask about one part after the other."),
    )


def explain_silence() -> LapisError:
    """Return what a person is told about an engine that gives no sign of life."""
    return EngineDied(
        Text("The engine stopped responding"),
        Text("It was ended, and the text so far is kept. Ask again; it starts anew by itself."),
    )


def explain_load_failure(report: LoadFailed) -> LapisError:
    """Translate a refusal to load."""
    match report.kind:
        case "memory":
            return OutOfMemory(
                Text("There is not enough memory for this model"),
                Text("Close other programs, or choose a smaller model or a shorter context."),
            )
        case "architecture":
            return ModelLoadError(
                Text("This model is of a kind that this engine does not know yet"),
                Text("Choose another model, or look for a newer version of Lapis."),
            )
        case "damaged":
            return ModelFileError(
                Text("This model file is incomplete or damaged"),
                Text("Compare its size with the download page, and download it again."),
            )
        case "not_chat":
            return ModelLoadError(
                Text("This model cannot hold a conversation"),
                Text("It is made for another job, such as search. Choose a chat model."),
            )
        case "backends":
            return EngineMissing(
                Text("Parts of the engine are missing or damaged"),
                Text("Install Lapis again."),
            )
        case _:
            return ModelLoadError(
                Text("The engine could not load this model"),
                Text(
                    "The file may be damaged or made for another program. Download it again or "
                    "choose another model."
                ),
            )


def explain_refusal(report: Refused) -> LapisError:
    """Translate a refused request."""
    match report.kind:
        case "overflow":
            return ContextOverflow(
                Text(
                    "The text is too long for this model: {needed} tokens, {available} fit",
                    {"needed": report.needed, "available": report.available},
                ),
                Text("Shorten it, start a new chat, or choose a model with a longer context."),
            )
        case "template":
            return TemplateError(
                Text("The chat template of this model failed: {reason}", {"reason": report.detail}),
                Text("Choose another model, or another file of the same model."),
            )
        case _:
            return Defect(
                Text("The engine could not go on with this answer"),
                Text("Ask again. If it happens again, choose another model."),
            )
