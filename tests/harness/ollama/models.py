"""Models of the stand-in: what they recite, what they count, what is told of them. Pure.

A token is a word with the space behind it. A template takes four tokens for each message.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PIECES = re.compile(r"\s*\S+")
_TEMPLATE_TOKENS = 4


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """One model: `reply` is what it always says, after `thinking`; or it makes `calls` of tools.

    `context` is how far it was trained, `own_context` what its Modelfile sets (0: nothing).
    """

    name: str
    reply: str = "The sky is blue because the air scatters blue light more than red light."
    thinking: str = ""
    calls: tuple[tuple[str, Mapping[str, object]], ...] = ()
    capabilities: tuple[str, ...] = ("completion",)
    context: int = 8192
    own_context: int = 0
    size: int = 5_443_152_417
    family: str = "llama"
    parameter_size: str = "8.0B"
    parameters: int = 8_030_261_248
    quantisation: str = "Q4_K_M"
    remote_host: str = ""

    @property
    def full_name(self) -> str:
        """The name with its tag."""
        return self.name if ":" in self.name else f"{self.name}:latest"

    def listed(self) -> dict[str, object]:
        """Return it as in `/api/tags`."""
        remote = {"remote_model": self.name, "remote_host": self.remote_host}
        return {
            "name": self.full_name,
            "model": self.full_name,
            "modified_at": "2026-11-04T14:56:49.277302595-07:00",
            "size": self.size,
            "digest": "9f438cb9cd581fc025612d27f7c1a6669ff83a8bb0ed86c94fcf4c5440555697",
            "details": self.details(),
            **(remote if self.remote_host else {}),
        }

    def shown(self) -> dict[str, object]:
        """Return it as in `/api/show`."""
        set_here = (
            [f"num_ctx                        {self.own_context}"] if self.own_context else []
        )
        remote = {"remote_model": self.name, "remote_host": self.remote_host}
        return {
            "license": "Apache License",
            "modelfile": f"FROM {self.full_name}",
            "parameters": "\n".join(['stop                           "<|eot_id|>"', *set_here]),
            "template": "{{ .Prompt }}",
            "details": self.details(),
            "model_info": {
                "general.architecture": self.family,
                "general.parameter_count": self.parameters,
                f"{self.family}.context_length": self.context,
                "tokenizer.ggml.tokens": None,
            },
            "capabilities": list(self.capabilities),
            "modified_at": "2026-11-04T14:56:49.277302595-07:00",
            **(remote if self.remote_host else {}),
        }

    def details(self) -> dict[str, object]:
        """Return what lists and details have in common."""
        return {
            "parent_model": "",
            "format": "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": self.parameter_size,
            "quantization_level": self.quantisation,
        }


def pieces(text: str) -> list[str]:
    """Return the tokens of a text."""
    return _PIECES.findall(text)


def chat_tokens(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return how many tokens the prompt of a conversation has."""
    return sum(len(pieces(str(one.get("content", "")))) + _TEMPLATE_TOKENS for one in messages)


def shortened(messages: list[Mapping[str, Any]], context: int) -> list[Mapping[str, Any]]:
    """Return the newest messages that fit, as Ollama leaves out the others without a word."""
    kept = list(messages)
    while len(kept) > 1 and chat_tokens(kept) > context:
        first = next((i for i, one in enumerate(kept[:-1]) if one.get("role") != "system"), 0)
        del kept[first]
    return kept


def shaped(wanted: object) -> str:
    """Return an answer of the shape that `format` asks for."""
    return json.dumps(_instance(wanted)) if isinstance(wanted, dict) else "{}"


def _instance(schema: Mapping[str, Any]) -> object:
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: _instance(one) for name, one in schema.get("properties", {}).items()}
        case "array":
            return [_instance(schema.get("items", {}))]
        case "integer" | "number":
            return 22
        case "boolean":
            return True
        case _:
            return "words"


def recited(text: str, stops: Sequence[str], most: int) -> Iterator[tuple[str, bool]]:
    """Yield the tokens of an answer, and whether it ends behind this one for want of room."""
    for stop in stops:
        text = text.partition(stop)[0]
    tokens = pieces(text)
    for number, token in enumerate(tokens, 1):
        is_full = number >= most and number < len(tokens)
        yield token, is_full
        if is_full:
            return
