"""The tokens of a model that are no words, as its header names them. Any thread.

As llama.cpp takes them (`llama-vocab.cpp`); where a header does not say which token begins a text
and which ends it, llama.cpp has an answer for each kind of tokenizer.
"""

from types import MappingProxyType
from typing import Final

from desktop.models.gguf_reader import TYPES, Header
from desktop.models.gguf_types import I32

_UNKNOWN: Final = 2
_CONTROL: Final = 3
_USER_DEFINED: Final = 4
_BYTES_OF_A_TYPE: Final = 4
# tokenizer.ggml.model: (begin, end), None for none
_DEFAULTS: Final = MappingProxyType(
    {
        "llama": (1, 2),
        "gpt2": (11, 11),
        "bert": (101, None),
        "t5": (None, 1),
        "plamo2": (1, 2),
    }
)
_WITHOUT_BEGIN: Final = frozenset({"chatglm-bpe", "glm4", "glm5"})


def special_texts(header: Header) -> dict[str, str]:
    """Return `bos_token` and `eos_token` as chat templates know them; empty where there is none."""
    model = header.values.get("tokenizer.ggml.model")
    begin, end = _DEFAULTS.get(model, (None, None)) if isinstance(model, str) else (None, None)
    if header.values.get("tokenizer.ggml.pre") in _WITHOUT_BEGIN:
        begin = None
    return {
        "bos_token": _text(header, "tokenizer.ggml.bos_token_id", begin),
        "eos_token": _text(header, "tokenizer.ggml.eos_token_id", end),
    }


def control_tokens(header: Header) -> frozenset[str]:
    """Return the texts that are one token each wherever control tokens are recognised."""
    types = header.arrays.get(TYPES)
    if types is None or types.kind != I32:
        return frozenset()
    step = _BYTES_OF_A_TYPE
    kinds = (
        int.from_bytes(header.types[place : place + step], "little", signed=True)
        for place in range(0, len(header.types), step)
    )
    special = {_UNKNOWN, _CONTROL, _USER_DEFINED}
    return frozenset(
        token.decode(errors="replace")
        for token, kind in zip(header.tokens, kinds, strict=False)
        if kind in special
    )


def _text(header: Header, key: str, default: int | None) -> str:
    token = header.values.get(key, default)
    if not isinstance(token, int) or isinstance(token, bool):
        return ""
    if not 0 <= token < len(header.tokens):
        return ""
    return header.tokens[token].decode(errors="replace")
