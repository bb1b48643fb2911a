"""Between Lapis's values and the messages of the engine process, in both directions."""

import os
import secrets

from desktop.backends import explain
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    PromptProgress,
    Queued,
    ReasoningDelta,
    StopReason,
    TextDelta,
    Usage,
)
from desktop.domain.model import LoadedModel, LoadPlan
from desktop.inference import messages


def load_command(plan: LoadPlan) -> messages.Load:
    """Return the order to load `plan`."""
    return messages.Load(
        path=os.fsencode(plan.path),
        n_ctx=plan.n_ctx,
        n_gpu_layers=plan.n_gpu_layers,
        threads=plan.threads,
        n_batch=plan.n_batch,
        n_ubatch=plan.n_ubatch,
        kv_type=plan.kv_type.value,
        extra_buffers=plan.extra_buffers,
        slots=plan.slots,
    )


def generate_command(number: int, request: ChatRequest) -> messages.Generate:
    """Return the order to answer `request`; a seed is drawn where none is set."""
    sampling = request.sampling
    return messages.Generate(
        id=number,
        turns=[messages.Turn(turn.role.value, _clean(turn.content)) for turn in request.messages],
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        min_p=sampling.min_p,
        repeat_penalty=sampling.repeat_penalty,
        seed=secrets.randbits(32) if sampling.seed is None else sampling.seed % 2**32,
        max_tokens=sampling.max_tokens or 0,
        stop=[_clean(text) for text in sampling.stop],
    )


def _clean(text: str) -> str:
    # Half a surrogate pair, as broken clipboards hold, is no text and cannot be encoded.
    return text.encode(errors="replace").decode()


def loaded_model(plan: LoadPlan, report: messages.Loaded) -> LoadedModel:
    """Return what became of `plan`."""
    return LoadedModel(
        plan=plan,
        description=report.description,
        architecture=report.architecture,
        parameters=report.parameters,
        weights=report.weights,
        n_ctx=report.n_ctx,
        n_ctx_train=report.n_ctx_train,
        devices=tuple(report.devices),
        has_template=report.has_template,
        load_ms=report.load_ms,
    )


def request_event(report: messages.Report) -> tuple[int, Event] | None:
    """Return whose event a report is and which; None for reports that concern no request."""
    match report:
        case messages.Waiting():
            return report.id, Queued(report.place)
        case messages.Reading():
            return report.id, PromptProgress(report.done, report.total)
        case messages.Delta(thinking=True):
            return report.id, ReasoningDelta(report.text)
        case messages.Delta():
            return report.id, TextDelta(report.text)
        case messages.Done():
            return report.id, Finished(_reason(report.reason), _usage(report))
        case messages.Refused():
            return report.id, Failed(explain.explain_refusal(report))
        case _:
            return None


def _reason(reason: str) -> StopReason:
    return StopReason(reason) if reason in set(StopReason) else StopReason.STOP


def _usage(report: messages.Done) -> Usage:
    return Usage(
        prompt_tokens=report.prompt_tokens,
        cached_tokens=report.cached_tokens,
        completion_tokens=report.completion_tokens,
        ttft_ms=report.ttft_ms,
        prefill_tps=report.prefill_tps,
        decode_tps=report.decode_tps,
    )
