"""What a GGUF header must say before llama.cpp may see the file; each rule a named refusal.

llama.cpp ends its process on many of these (assertions, uncaught exceptions), so they are checked
here first, and a person reads what is wrong. The engine's own process remains the real defence.
Limits: the constants and assertions of llama.cpp as bundled with llama-cpp-python 0.3.36.
"""

from itertools import pairwise
from typing import Final

from desktop.domain.errors import ModelFileError
from desktop.domain.text import Text
from desktop.models.gguf_reader import (
    TOKENS,
    Header,
    Scalar,
    damaged,
    impossible,
    shown,
    wrong_tensor,
)
from desktop.models.gguf_types import STRING

_LAYERS: Final = 512
_CONTEXT: Final = 2**24
_WIDTH: Final = 2**20
_EXPERTS: Final = 1024
_TEMPLATE: Final = 256 * 1024
_U32_NONE: Final = 2**32 - 1
_NO_VOCABULARY: Final = ("none", "no_vocab")
_ROPE_SCALINGS: Final = ("none", "linear", "yarn", "longrope")
_SPECIAL: Final = ("bos", "eos", "eot", "eom", "unknown")
_SLIDING: Final = ("gemma2", "gemma3", "gemma3n", "gemma4", "gpt-oss", "olmo2", "cohere2")
_ABSURD: Final = 2**46


def check_kind(header: Header) -> str:
    """Return the architecture of a model that can answer; raises ModelFileError for add-ons."""
    kind = header.values.get("general.type", "model")
    architecture = header.values.get("general.architecture")
    if kind == "mmproj" or architecture == "clip":
        raise ModelFileError(
            Text("This file is only the part of a model that sees pictures"),
            Text("Open the model itself: the .gguf file without mmproj in its name."),
        )
    if kind == "adapter":
        raise ModelFileError(
            Text("This file is an adapter, not a whole model"),
            Text("It only changes another model. Open a whole model instead."),
        )
    if kind != "model":
        raise ModelFileError(
            Text("This GGUF file is not a language model"),
            Text("Open the .gguf file of a model made for chatting."),
        )
    if not isinstance(architecture, str) or not architecture.isascii() or not architecture:
        raise impossible("general.architecture", architecture)
    return architecture


def check_meaning(header: Header, architecture: str) -> None:
    """Check every value that llama.cpp takes on trust; raises ModelFileError."""
    layers = _number(header, f"{architecture}.block_count", 1, _LAYERS)
    _number(header, f"{architecture}.context_length", 1, _CONTEXT)
    _number(header, f"{architecture}.embedding_length", 1, _WIDTH)
    _check_layers(header, architecture, layers)
    _check_experts(header, architecture, layers)
    _check_arithmetic(header, architecture)
    _check_vocabulary(header)
    template = header.values.get("tokenizer.chat_template", "")
    if not isinstance(template, str) or len(template.encode()) > _TEMPLATE:
        raise ModelFileError(
            Text("The chat template in this file is too long"),
            Text("No real model needs more than 256 KB. Take the model from another source."),
        )


def check_tensors(header: Header, size: int) -> int:
    """Return the bytes of all weights, which must lie apart within `size`; raises ModelFileError."""
    if not header.tensors and header.values.get("split.count", 1) == 1:
        raise ModelFileError(
            Text("This file holds no weights"),
            Text("It is only the vocabulary of a model. Open the whole model."),
        )
    placed = sorted(header.tensors, key=lambda tensor: tensor.start)
    for tensor, following in pairwise(placed):
        if tensor.start + tensor.size > following.start:
            raise wrong_tensor(following.name)
    expected = max((header.data + one.start + one.size for one in placed), default=header.data)
    if expected > _ABSURD:
        raise wrong_tensor(placed[-1].name)
    if expected > size:
        raise ModelFileError(
            Text("This file is incomplete"),
            Text(
                "It has {size} of {expected} bytes: the download broke off. Download it again.",
                {"size": f"{size:,}", "expected": f"{expected:,}"},
            ),
        )
    return sum(tensor.size for tensor in placed)


def _number(header: Header, key: str, least: int, most: int) -> int:
    value = header.values.get(key)
    if value is None:
        raise damaged(
            Text("Its header does not say {key}. Download the file again.", {"key": shown(key)})
        )
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise impossible(key, value)
    return value


def _optional(header: Header, key: str, least: int, most: int) -> int | None:
    if key not in header.values:
        return None
    return _number(header, key, least, most)


def _each_layer(header: Header, key: str, layers: int, most: int) -> tuple[int, ...]:
    """Return the values of a key that is one number or one for each layer; () when absent."""
    array = header.arrays.get(key)
    if array is None:
        value = _optional(header, key, 0, most)
        return () if value is None else (value,)
    if array.count != layers:
        raise impossible(key, f"{array.count} numbers for {layers} layers")
    for number in array.numbers or (-1,):
        if not isinstance(number, int) or not 0 <= number <= most:
            raise impossible(key, number)
    return tuple(int(number) for number in array.numbers)


def _check_layers(header: Header, architecture: str, layers: int) -> None:
    _optional(header, f"{architecture}.nextn_predict_layers", 0, layers)
    _optional(header, f"{architecture}.full_attention_interval", 1, layers)
    _optional(header, f"{architecture}.attention.shared_kv_layers", 0, max(0, layers - 2))
    for name in ("attention.head_count", "attention.head_count_kv", "feed_forward_length"):
        _each_layer(header, f"{architecture}.{name}", layers, _WIDTH)
    _check_sliding(header, architecture)


def _check_arithmetic(header: Header, architecture: str) -> None:
    """Refuse constants with which a layer cannot be computed (an endless loop, an assertion)."""
    scaling = header.values.get(f"{architecture}.rope.scaling.type", "linear")
    if scaling not in _ROPE_SCALINGS:
        raise impossible(f"{architecture}.rope.scaling.type", scaling)
    rotated = _optional(header, f"{architecture}.rope.dimension_count", 0, _WIDTH)
    attends = f"{architecture}.ssm.state_size" not in header.values
    if rotated is not None and (rotated % 2 or (attends and not rotated)):
        raise impossible(f"{architecture}.rope.dimension_count", rotated)
    for name in ("layer_norm_epsilon", "layer_norm_rms_epsilon"):
        key = f"{architecture}.attention.{name}"
        epsilon = header.values.get(key, 0.0)
        if isinstance(epsilon, str) or not 0 <= epsilon < 1:
            raise impossible(key, epsilon)


def _check_sliding(header: Header, architecture: str) -> None:
    """Refuse a window that no layer has: llama.cpp asserts that one slides."""
    window = _optional(header, f"{architecture}.attention.sliding_window", 0, _CONTEXT)
    if architecture not in _SLIDING or window == 0:
        return
    key = f"{architecture}.attention.sliding_window_pattern"
    array = header.arrays.get(key)
    if array is not None and not any(array.numbers):
        raise impossible(key, "false everywhere")
    if header.values.get(key) == 1:
        raise impossible(key, 1)


def _check_experts(header: Header, architecture: str, layers: int) -> None:
    prefix = f"{architecture}.expert_"
    count = _optional(header, f"{prefix}count", 0, _EXPERTS) or 0
    used = max(_each_layer(header, f"{prefix}used_count", layers, count), default=0)
    if count and not used:
        raise impossible(f"{prefix}used_count", used)
    groups = _optional(header, f"{prefix}group_count", 0, max(0, count - 1)) or 0
    if groups > 1:
        if count % groups:
            raise impossible(f"{prefix}group_count", groups)
        _number(header, f"{prefix}group_used_count", 1, groups - 1)


def _check_vocabulary(header: Header) -> None:
    if header.values.get("tokenizer.ggml.model") in _NO_VOCABULARY:
        raise ModelFileError(
            Text("This model has no vocabulary"),
            Text("Without one it cannot read or write text. Open a model made for chatting."),
        )
    tokens = header.arrays.get(TOKENS)
    if tokens is None:
        if TOKENS in header.values:
            raise impossible(TOKENS, header.values[TOKENS])
        return
    if tokens.kind != STRING or not tokens.count:
        raise impossible(TOKENS, f"{tokens.count} of type {tokens.kind}")
    for key in ("tokenizer.ggml.scores", "tokenizer.ggml.token_type"):
        array = header.arrays.get(key)
        if array is not None and (array.count != tokens.count or array.kind == STRING):
            raise impossible(key, f"{array.count} values for {tokens.count} tokens")
    for role in _SPECIAL:
        _check_special(header, f"tokenizer.ggml.{role}_token_id", tokens.count)
    texts = {text or b"[EMPTY_%d]" % place for place, text in enumerate(header.tokens)}
    if len(texts) != tokens.count:
        raise damaged(Text("Its vocabulary has the same token twice. Download the file again."))
    if header.values.get("tokenizer.ggml.model") == "llama":
        _check_bytes(texts)


def _check_special(header: Header, key: str, tokens: int) -> None:
    value: Scalar | None = header.values.get(key)
    if value is None or value in {-1, _U32_NONE}:
        return
    _number(header, key, 0, tokens - 1)


def _check_bytes(texts: set[bytes]) -> None:
    """Refuse a SentencePiece vocabulary in which some byte cannot be said."""
    for byte in range(256):
        alone = byte < 0x80 and bytes([byte]) in texts
        if not alone and b"<0x%02X>" % byte not in texts:
            raise damaged(
                Text(
                    "Its vocabulary has no token for byte {byte}. Download the file again.",
                    {"byte": byte},
                )
            )
