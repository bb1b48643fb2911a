"""The models that an OpenAI-compatible server lists, and what servers of each make tell of them.

Pure. Only `id` belongs to the protocol. vLLM and SGLang tell `max_model_len`, llama-server `meta`
and `/props`, LM Studio has a list of its own (`/api/v0/models`), gateways have words of their own
for the length of the context and for what a model can do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from desktop.base.json_values import count, mapping, sequence, short, words
from desktop.domain.connection import ServedModel

MOST_MODELS: Final = 5000
_MOST_ID: Final = 256
_MOST_CONTEXT: Final = 2**30
_CONTEXTS: Final = (
    *("max_model_len", "context_length", "context_window", "max_context_length"),
    *("max_input_tokens", "context_size"),
)
_LM_STUDIO: Final = frozenset({"organization_owner", "organization-owner"})
_LLAMA_SERVER: Final = "llamacpp"


def listed(connection: str, answer: object) -> tuple[ServedModel, ...] | None:
    """Return the models of a list, each once, in its order; None where it is no list of models."""
    rows = answer if isinstance(answer, list) else mapping(answer).get("data")
    if not isinstance(rows, list):
        return None
    found: dict[str, ServedModel] = {}
    for row in map(mapping, rows):
        if len(found) < MOST_MODELS and (model := _model(connection, row)) is not None:
            found.setdefault(model.id, model)
    return tuple(found.values())


def is_lm_studio(answer: object) -> bool:
    """Return whether the list comes from LM Studio, which can tell more."""
    return any(words(row.get("owned_by")) in _LM_STUDIO for row in _rows(answer))


def is_llama_server(answer: object) -> bool:
    """Return whether the list comes from llama.cpp's own server, which can tell more."""
    return any(row.get("owned_by") == _LLAMA_SERVER for row in _rows(answer))


def knows_gbnf(answer: object) -> bool:
    """Return whether the list comes from a server over llama.cpp, which takes its grammars.

    The one of llama-cpp-python calls the owner of all models "me", without permissions.
    """
    return is_llama_server(answer) or any(
        row.get("owned_by") == "me" and row.get("permissions") == [] for row in _rows(answer)
    )


def with_lm_studio(models: Sequence[ServedModel], answer: object) -> tuple[ServedModel, ...]:
    """Return the models with what LM Studio's own list tells of them."""
    told = {words(row.get("id")): row for row in _rows(answer)}
    return tuple(_of_lm_studio(model, told.get(model.id, {})) for model in models)


def with_props(model: ServedModel, answer: object) -> ServedModel:
    """Return a model with what llama-server tells of the one it has loaded (`/props`)."""
    props = mapping(answer)
    context = _context(mapping(props.get("default_generation_settings")).get("n_ctx"))
    template = words(props.get("chat_template"))
    sees = mapping(props.get("modalities")).get("vision")
    return replace(
        model,
        context=context or model.context,
        sees=sees if isinstance(sees, bool) else model.sees,
        calls_tools=("tools" in template) if template else model.calls_tools,
    )


def _rows(answer: object) -> Iterator[Mapping[str, object]]:
    rows = answer if isinstance(answer, list) else sequence(mapping(answer).get("data"))
    return map(mapping, rows[:MOST_MODELS])


def _model(connection: str, row: Mapping[str, object]) -> ServedModel | None:
    name = row.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= _MOST_ID or not name.isprintable():
        return None
    meta = mapping(row.get("meta"))
    context = next(filter(None, (_context(row.get(key)) for key in _CONTEXTS)), 0)
    sees, thinks, calls_tools = _abilities(row)
    return ServedModel(
        connection,
        name,
        size=count(meta.get("size")),
        context=context or _context(meta.get("n_ctx")) or _context(meta.get("n_ctx_train")),
        parameters=count(meta.get("n_params")),
        modified=float(count(row.get("created"))),
        sees=sees,
        thinks=thinks,
        calls_tools=calls_tools,
        embeds=_embeds(row, name),
    )


def _abilities(row: Mapping[str, object]) -> tuple[bool | None, bool | None, bool | None]:
    """Return whether a model sees, thinks and calls tools, as gateways tell it; None: untold."""
    kinds = sequence(mapping(row.get("architecture")).get("input_modalities"))
    takes = sequence(row.get("supported_parameters"))
    can = mapping(row.get("capabilities"))
    sees = ("image" in kinds) if kinds else _flag(can.get("vision"))
    thinks = ("reasoning" in takes) if takes else _flag(can.get("reasoning"))
    calls = ("tools" in takes) if takes else _flag(can.get("function_calling"))
    return sees, thinks, calls


def _embeds(row: Mapping[str, object], name: str) -> bool | None:
    kind = words(row.get("type"))
    if kind:
        return "embed" in kind
    return True if "embed" in name.lower() else None


def _of_lm_studio(model: ServedModel, row: Mapping[str, object]) -> ServedModel:
    kind = short(row.get("type"))
    if not kind:
        return model
    is_loaded = row.get("state") == "loaded"
    can = sequence(row.get("capabilities"))
    return replace(
        model,
        context=_context(row.get("loaded_context_length"))
        if is_loaded
        else model.context or _context(row.get("max_context_length")),
        family=short(row.get("arch")),
        quantisation=short(row.get("quantization")),
        memory=None if is_loaded else 0,
        sees=kind == "vlm",
        calls_tools="tool_use" in can,
        embeds=kind == "embeddings",
    )


def _context(value: object) -> int:
    number = count(value)
    return number if number <= _MOST_CONTEXT else 0


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
