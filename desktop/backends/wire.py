"""Between Lapis's values and the messages of the engine process, in both directions."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from desktop.backends import explain
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    Message,
    PromptProgress,
    Queued,
    ReasoningDelta,
    StopReason,
    TextDelta,
    TokenChance,
    TokenChosen,
    ToolCall,
    ToolCalled,
    Usage,
)
from desktop.domain.model import Device, DeviceKind, LoadedModel, LoadPlan
from desktop.domain.text import encodable
from desktop.inference import messages
from desktop.inference.load_order import Load

# The largest 32-bit number tells llama.cpp to draw a seed itself, so it is none: or it would become
# one that another answer has.
_SEEDS: Final = 2**32 - 1


def load_command(plan: LoadPlan, states: Path | None, states_limit: int) -> Load:
    """Return the order to load `plan`, with KV states kept in `states`, at most so many bytes."""
    return Load(
        path=os.fsencode(plan.path),
        n_ctx=plan.n_ctx,
        n_gpu_layers=plan.n_gpu_layers,
        threads=plan.threads,
        n_batch=plan.n_batch,
        n_ubatch=plan.n_ubatch,
        kv_type=plan.kv_type.value,
        extra_buffers=plan.extra_buffers,
        slots=plan.slots,
        flash_attention=plan.flash_attention.value,
        swa_full=plan.swa_full,
        mmap=plan.mmap,
        devices=list(plan.devices),
        tensor_split=list(plan.tensor_split),
        draft_tokens=plan.draft_tokens,
        draft_model=b"" if plan.draft_model is None else os.fsencode(plan.draft_model),
        next_token_heads=plan.next_token_heads,
        rollback=plan.rollback,
        states=b"" if states is None else os.fsencode(states),
        states_limit=states_limit,
    )


def generate_command(number: int, request: ChatRequest) -> messages.Generate:
    """Return the order to answer `request`; a seed is drawn where none is set."""
    return messages.Generate(
        id=number,
        turns=[_turn(message) for message in request.messages],
        sampling=_sampling(request),
        max_tokens=request.sampling.max_tokens or 0,
        stop=[encodable(text) for text in request.sampling.stop],
        prompt=None if request.prompt is None else encodable(request.prompt),
        suffix=None if request.suffix is None else encodable(request.suffix),
        prompt_special=request.prompt_special,
        builtin_template=request.builtin_template,
        tools=[encodable(tool) for tool in request.tools],
        thinking=request.thinking,
        logprobs=-1 if request.logprobs is None else request.logprobs,
        adapters=[
            messages.Adapter(os.fsencode(adapter.path), adapter.scale)
            for adapter in request.adapters
        ],
        keep_state=request.keep_state,
        speculate=request.speculate,
        repeatable=request.sampling.seed is not None,
        continue_answer=request.continue_answer,
        patient=request.patient,
    )


def count_command(number: int, purpose: int, requests: Sequence[ChatRequest]) -> messages.Count:
    """Return the order to count the prompts of `requests`."""
    orders = [generate_command(number, request) for request in requests]
    return messages.Count(id=number, purpose=purpose, orders=orders)


def embed_command(number: int, texts: Sequence[str]) -> messages.Embed:
    """Return the order to turn `texts` into vectors."""
    return messages.Embed(number, [encodable(text) for text in texts])


def _turn(message: Message) -> messages.Turn:
    return messages.Turn(
        role=message.role.value,
        content=encodable(message.content),
        reasoning=encodable(message.reasoning),
        tool_calls=[
            messages.ToolCall(encodable(call.id), encodable(call.name), encodable(call.arguments))
            for call in message.tool_calls
        ],
        tool_call_id=encodable(message.tool_call_id),
        name=encodable(message.name),
    )


def _sampling(request: ChatRequest) -> messages.Sampling:
    sampling, grammar = request.sampling, request.grammar
    return messages.Sampling(
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        min_p=sampling.min_p,
        repeat_penalty=sampling.repeat_penalty,
        seed=secrets.randbelow(_SEEDS) if sampling.seed is None else sampling.seed % _SEEDS,
        frequency_penalty=sampling.frequency_penalty,
        presence_penalty=sampling.presence_penalty,
        mirostat=sampling.mirostat,
        mirostat_tau=sampling.mirostat_tau,
        mirostat_eta=sampling.mirostat_eta,
        dry_multiplier=sampling.dry_multiplier,
        dry_base=sampling.dry_base,
        dry_allowed_length=sampling.dry_allowed_length,
        xtc_probability=sampling.xtc_probability,
        xtc_threshold=sampling.xtc_threshold,
        logit_bias=list(sampling.logit_bias),
        grammar_kind="" if grammar is None else grammar.kind.value,
        grammar="" if grammar is None else encodable(grammar.text),
    )


def device(report: messages.Device) -> Device:
    """Return a device as a value; one of an unknown kind counts as an accelerator."""
    known = report.kind in set(DeviceKind)
    return Device(
        name=report.name,
        description=report.description,
        backend=report.backend,
        kind=DeviceKind(report.kind) if known else DeviceKind.ACCELERATOR,
        free=report.free,
        total=report.total,
        library=report.library,
        card=report.card,
    )


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
        embeds=report.embeds,
        offloaded_layers=report.offloaded_layers,
        gpu_memory=max(0, report.gpu_memory),
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
        case messages.Called():
            call = report.call
            return report.id, ToolCalled(ToolCall(call.id, call.name, call.arguments))
        case messages.Logprobs():
            return report.id, TokenChosen(
                _chance(report.chosen), tuple(_chance(entry) for entry in report.top)
            )
        case messages.Done():
            return report.id, Finished(_reason(report.reason), _usage(report))
        case messages.Refused():
            return report.id, Failed(explain.explain_refusal(report))
        case _:
            return None


def _chance(report: messages.TokenChance) -> TokenChance:
    return TokenChance(report.text, report.logprob)


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
        drafted_tokens=report.drafted_tokens,
        accepted_tokens=report.accepted_tokens,
    )
