"""From what a client says about sampling and shape to what the engine is asked. Plain functions."""

from dataclasses import replace
from typing import Any, Final

import msgspec

from desktop.api.openai_values import Knobs, ResponseFormat
from desktop.api.reading import LONGEST_GRAMMAR, stops
from desktop.api.refused import Refused
from desktop.domain.chat import Grammar, GrammarKind, Sampling

MOST_BIASES: Final = 1_024
ANY_OBJECT: Final = '{"type":"object"}'
# As llama.cpp and Ollama have it: another one each time.
_ANY_SEED: Final = -1
_LEAST_DRY_BASE: Final = 1
_AS_SAID: Final = (
    *("temperature", "top_p", "min_p"),
    *("repeat_penalty", "frequency_penalty", "presence_penalty"),
    *("mirostat", "mirostat_tau", "mirostat_eta"),
    *("dry_multiplier", "dry_base", "dry_allowed_length"),
    *("xtc_probability", "xtc_threshold"),
)


def sampling(wish: Knobs, usual: Sampling, most: int | None = None) -> Sampling:
    """Return how to sample: what `wish` says, the rest as is `usual` for the model.

    `most` tokens is what the route says beside `max_tokens`; raises Refused.
    """
    ends = stops(wish.stop)
    said = {name: value for name in _AS_SAID if (value := getattr(wish, name)) is not None}
    if said.get("dry_base", _LEAST_DRY_BASE) < _LEAST_DRY_BASE:
        # As llama.cpp has it: the usual one.
        del said["dry_base"]
    if wish.top_k is not None:
        said["top_k"] = max(0, wish.top_k)
    return replace(
        usual,
        **said,
        seed=_seed(wish.seed, usual.seed),
        max_tokens=_limit(wish.max_tokens if most is None else most, usual.max_tokens),
        stop=usual.stop if ends is None else ends,
        logit_bias=usual.logit_bias if wish.logit_bias is None else _biases(wish.logit_bias),
    )


def _seed(wished: int | None, usual: int | None) -> int | None:
    if wished is None:
        return usual
    return None if wished == _ANY_SEED else wished % 2**32


def grammar(wish: Knobs, form: ResponseFormat | None) -> Grammar | None:
    """Return the shape that the answer must have; raises Refused."""
    if wish.grammar is not None:
        if form is not None and form.type != "text":
            raise Refused(
                400, "Either a grammar or a response_format can be asked for", param="grammar"
            )
        return _bounded(Grammar(GrammarKind.GBNF, wish.grammar), "grammar")
    return None if form is None else shape(form)


def shape(form: ResponseFormat) -> Grammar | None:
    """Return the shape that `form` names, None for plain text; raises Refused."""
    if form.type == "text":
        return None
    schema = form.schema if form.json_schema is None else form.json_schema.schema
    if schema is None:
        if form.type == "json_schema":
            raise Refused(400, "The schema is missing", param="response_format.json_schema.schema")
        return Grammar(GrammarKind.JSON_SCHEMA, ANY_OBJECT)
    return schema_grammar(schema, "response_format")


def schema_grammar(schema: dict[str, Any], param: str) -> Grammar:
    """Return `schema` as the shape of an answer; raises Refused where it is too long."""
    return _bounded(Grammar(GrammarKind.JSON_SCHEMA, json_text(schema)), param)


def json_text(value: Any) -> str:
    """Return `value`, which came as JSON, as JSON; raises Refused where it is nested too deep."""
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        raise Refused(400, "The body is nested too deep") from None


def _bounded(wanted: Grammar, param: str) -> Grammar:
    if len(wanted.text.encode(errors="replace")) > LONGEST_GRAMMAR:
        raise Refused(
            413, f"A grammar or schema may have {LONGEST_GRAMMAR:,} bytes at most", param=param
        )
    return wanted


def _biases(given: dict[str, float]) -> tuple[tuple[int, float], ...]:
    if len(given) > MOST_BIASES:
        raise Refused(400, f"At most {MOST_BIASES:,} tokens can be biased", param="logit_bias")
    if not all(token.isascii() and token.isdigit() and len(token) < 10 for token in given):
        raise Refused(400, "Tokens are named by their numbers", param="logit_bias")
    return tuple((int(token), bias) for token, bias in given.items())


def _limit(wish: int | None, usual: int | None) -> int | None:
    match wish:
        case None:
            return usual
        case -1:
            return None
        case 0:
            raise Refused(400, "An answer has at least 1 token; -1 is no limit", param="max_tokens")
        case _:
            return wish
