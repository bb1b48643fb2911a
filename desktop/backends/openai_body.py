"""A request as OpenAI-compatible servers take it. Pure.

What belongs to the protocol is always sent; what only some servers know (top-k, min-p, …) only
where it is set to something else than usual. A server that refuses a field says so by its name:
what was refused is left out from then on, or said in another way. A shape of the answer and tools
are never left out: then the answer would be none.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from desktop.backends.openai_turns import turns_of
from desktop.base.json_values import decoded
from desktop.domain.chat import ChatRequest, Grammar, GrammarKind, Sampling
from desktop.domain.errors import NotSupported
from desktop.domain.text import Text, encodable

# Fields that may be left out, by what a person calls them; without a name nobody misses them.
SPARED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("stream_options", "max_tokens", "reasoning_content"), ""),
    **dict.fromkeys(("continue_final_message", "add_generation_prompt"), ""),
    "max_completion_tokens": "max_tokens",
    "chat_template_kwargs": "thinking",
    "repetition_penalty": "repeat_penalty",
    "mirostat_mode": "mirostat",
    **{
        name: name
        for name in (
            *("temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed", "stop"),
            *("frequency_penalty", "presence_penalty", "logit_bias"),
            *("mirostat", "mirostat_tau", "mirostat_eta"),
            *("dry_multiplier", "dry_base", "dry_allowed_length"),
            *("xtc_probability", "xtc_threshold"),
        )
    },
}
# What is no field of its own but can be refused like one: a system turn, two turns of one role in
# a row, the newer way to ask for JSON.
SYSTEM_TURN: Final = "system turn"
SAME_ROLE: Final = "same role"
JSON_SCHEMA: Final = "json_schema"
_USUAL: Final = Sampling()


def fields_of(
    model: str,
    request: ChatRequest,
    refused: Collection[str] = (),
    *,
    knows_gbnf: bool = False,
) -> dict[str, Any]:
    """Return what is sent to have `request` answered by `model`, without what was `refused`.

    `knows_gbnf`: the server is llama.cpp, and takes its grammars. A request with a prompt is for
    `/completions`, any other for `/chat/completions`. Raises NotSupported for what no server of
    this kind can do.
    """
    if request.adapters:
        raise NotSupported(
            Text("A server takes no adapters"),
            Text("Choose a model that is installed on this computer, or remove the adapters."),
        )
    fields: dict[str, Any] = {"model": model, "stream": True}
    if request.prompt is None:
        fields |= _chat(request, refused)
    else:
        fields |= {"prompt": encodable(request.prompt)}
        if request.suffix is not None:
            fields["suffix"] = encodable(request.suffix)
        if request.logprobs is not None:
            fields["logprobs"] = request.logprobs
        if request.sampling.max_tokens is None:
            # Without it sixteen: null is taken as "until the context is full".
            fields["max_tokens"] = None
    fields["stream_options"] = {"include_usage": True}
    fields |= _sampled(request.sampling, refused)
    if request.grammar is not None:
        fields |= _shape(request.grammar, refused, knows_gbnf=knows_gbnf)
    return {name: value for name, value in fields.items() if name not in refused}


def missed(refused: Iterable[str]) -> tuple[str, ...]:
    """Return what of the refused fields somebody may miss, as they call it."""
    return tuple(sorted({SPARED.get(name, "") for name in refused} - {""}))


def _chat(request: ChatRequest, refused: Collection[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "messages": turns_of(
            request.messages,
            thoughts="reasoning_content" not in refused,
            system=SYSTEM_TURN not in refused,
            same_role=SAME_ROLE not in refused,
            asks_to_go_on=request.continue_answer and "continue_final_message" in refused,
        )
    }
    if request.tools:
        fields["tools"] = [_tool(text) for text in request.tools]
    if request.thinking is not None:
        # Templates of different makers read different names.
        switches = dict.fromkeys(("enable_thinking", "thinking"), request.thinking)
        fields["chat_template_kwargs"] = switches
    if request.logprobs is not None:
        fields |= {"logprobs": True, "top_logprobs": request.logprobs}
    if request.continue_answer and "continue_final_message" not in refused:
        fields |= {"continue_final_message": True, "add_generation_prompt": False}
    return fields


def _sampled(sampling: Sampling, refused: Collection[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    if sampling.max_tokens is not None:
        is_new = "max_tokens" in refused
        fields["max_completion_tokens" if is_new else "max_tokens"] = sampling.max_tokens
    if sampling.seed is not None:
        fields["seed"] = sampling.seed % 2**32
    if sampling.stop:
        fields["stop"] = [encodable(text) for text in sampling.stop]
    if sampling.logit_bias:
        fields["logit_bias"] = {str(token): score for token, score in sampling.logit_bias}
    for name in ("frequency_penalty", "presence_penalty", "top_k", "min_p", "repeat_penalty"):
        if getattr(sampling, name) != getattr(_USUAL, name):
            fields[name] = getattr(sampling, name)
    if "repeat_penalty" in fields:
        fields["repetition_penalty"] = sampling.repeat_penalty
    if sampling.mirostat:
        fields |= {"mirostat": sampling.mirostat, "mirostat_mode": sampling.mirostat}
        fields |= {"mirostat_tau": sampling.mirostat_tau, "mirostat_eta": sampling.mirostat_eta}
    if sampling.dry_multiplier:
        fields |= {"dry_multiplier": sampling.dry_multiplier, "dry_base": sampling.dry_base}
        fields["dry_allowed_length"] = sampling.dry_allowed_length
    if sampling.xtc_probability:
        fields["xtc_probability"] = sampling.xtc_probability
        fields["xtc_threshold"] = sampling.xtc_threshold
    return fields


def _shape(grammar: Grammar, refused: Collection[str], *, knows_gbnf: bool) -> dict[str, Any]:
    if grammar.kind is GrammarKind.GBNF:
        if not knows_gbnf:
            raise NotSupported(
                Text("Only llama.cpp takes a grammar"),
                Text("Ask for JSON with a schema, or choose a model that is on this computer."),
            )
        return {"grammar": encodable(grammar.text)}
    try:
        schema = decoded(grammar.text)
    except ValueError as error:
        raise _not_json() from error
    if JSON_SCHEMA in refused:
        return {"response_format": {"type": "json_object", "schema": schema}}
    wanted = {"name": "answer", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": wanted}}


def _tool(text: str) -> object:
    try:
        return decoded(encodable(text))
    except ValueError as error:
        raise _not_json() from error


def _not_json() -> NotSupported:
    return NotSupported(
        Text("The schema or tool that goes with the question is not JSON"),
        Text("Mend it where it was written, then ask again."),
    )
