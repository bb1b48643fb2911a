"""A request in the words of Ollama's API: chat, or a raw text to go on with. Pure.

https://docs.ollama.com/api: what is sent here beyond options is `truncate` and `shift`, both off,
so that Ollama refuses what does not fit rather than cut it in silence. Versions before late 2025
do not know them, and cut: `reading.lower_bound` finds that out.
"""

import base64
from typing import Final

from desktop.backends.ollama.words import no_adapters, no_grammar, no_json, no_pictures
from desktop.base.json_values import decoded, mapping
from desktop.domain.chat import ChatRequest, Grammar, GrammarKind, Message, Sampling, ToolCall
from desktop.domain.connection import ServedModel
from desktop.domain.sight import is_about_pictures, without_pictures
from desktop.domain.text import encodable

CHAT: Final = "/api/chat"
GENERATE: Final = "/api/generate"
_MOST_ALTERNATIVES: Final = 20


def keep_alive(minutes: int | None) -> dict[str, object]:
    """Return how long a model is to be kept after a question, as part of a body."""
    if minutes is None:
        return {}
    return {"keep_alive": f"{minutes}m" if minutes > 0 else minutes}


def body_of(
    request: ChatRequest, model: ServedModel, n_ctx: int, keep_minutes: int | None
) -> tuple[str, dict[str, object]]:
    """Return where and what to ask; raises NotSupported.

    `model` is what is known of the one that is asked. One that does not see is told in words of
    pictures that came earlier in the chat.
    """
    _check(request, model)
    messages = request.messages
    if model.sees is False:
        messages = without_pictures(messages)
    body: dict[str, object] = {
        "model": model.id,
        "stream": True,
        "options": _options(request.sampling, n_ctx),
        "truncate": False,
        "shift": False,
        **keep_alive(keep_minutes),
        **_format(request.grammar),
        **_thinking(request, model),
        **_logprobs(request.logprobs),
    }
    if request.prompt is None:
        body["messages"] = [_message(message) for message in messages]
        if request.tools:
            body["tools"] = [_object(encodable(tool)) for tool in request.tools]
        return CHAT, body
    body["prompt"] = encodable(request.prompt)
    if request.suffix is None:
        body["raw"] = True
        body.pop("think", None)
    else:
        # What stands around it is written by the model's template, which raw texts go without.
        body["suffix"] = encodable(request.suffix)
    return GENERATE, body


def unknown_settings(sampling: Sampling) -> tuple[str, ...]:
    """Return the names of what is set and has no counterpart."""
    names = (
        ("DRY", sampling.dry_multiplier > 0),
        ("XTC", sampling.xtc_probability > 0),
        ("logit bias", bool(sampling.logit_bias)),
    )
    return tuple(name for name, is_set in names if is_set)


def _check(request: ChatRequest, model: ServedModel) -> None:
    if request.adapters:
        raise no_adapters()
    if request.grammar is not None and request.grammar.kind is GrammarKind.GBNF:
        raise no_grammar()
    if model.sees is False and is_about_pictures(request):
        raise no_pictures(model.id)


def _options(sampling: Sampling, n_ctx: int) -> dict[str, object]:
    options: dict[str, object] = {
        "num_ctx": n_ctx,
        # More than the context cannot be written; Ollama's own default may write for ever.
        "num_predict": sampling.max_tokens or n_ctx,
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
    }
    if sampling.seed is not None:
        options["seed"] = sampling.seed
    if sampling.stop:
        options["stop"] = [encodable(text) for text in sampling.stop]
    if sampling.mirostat:
        options["mirostat"] = sampling.mirostat
        options["mirostat_tau"] = sampling.mirostat_tau
        options["mirostat_eta"] = sampling.mirostat_eta
    return options


def _format(grammar: Grammar | None) -> dict[str, object]:
    if grammar is None:
        return {}
    # A schema that allows anything: Ollama's word for that is "json".
    return {"format": _object(encodable(grammar.text)) or "json"}


def _object(text: str) -> dict[str, object]:
    try:
        value = decoded(text)
    except ValueError:
        raise no_json() from None
    if not isinstance(value, dict):
        raise no_json()
    return value


def _thinking(request: ChatRequest, model: ServedModel) -> dict[str, object]:
    if request.thinking is None or (request.thinking and model.thinks is False):
        return {}
    return {"think": request.thinking}


def _logprobs(alternatives: int | None) -> dict[str, object]:
    if alternatives is None:
        return {}
    return {"logprobs": True, "top_logprobs": min(alternatives, _MOST_ALTERNATIVES)}


def _message(message: Message) -> dict[str, object]:
    told: dict[str, object] = {
        "role": message.role.value,
        "content": encodable(message.content),
    }
    if message.reasoning:
        told["thinking"] = encodable(message.reasoning)
    if message.pictures:
        told["images"] = [base64.b64encode(one.data).decode() for one in message.pictures]
    if message.tool_calls:
        told["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.name:
        told["tool_name"] = encodable(message.name)
    if message.tool_call_id:
        told["tool_call_id"] = encodable(message.tool_call_id)
    return told


def _call(call: ToolCall) -> dict[str, object]:
    try:
        arguments = mapping(decoded(encodable(call.arguments)))
    except ValueError:
        arguments = {}
    return {
        "id": encodable(call.id),
        "function": {"name": encodable(call.name), "arguments": arguments},
    }
