"""Bytes of a model's memory of the conversation: KV cache and recurrent state.

The same layers, widths and windows as llama.cpp (llama-cpp-python 0.3.36) takes, so the result
equals what it allocates; checked against its own figures in `tests/unit/test_fit.py`.
"""

from dataclasses import dataclass
from typing import Final

from desktop.domain.model import GgufInfo, KvType

_STEP: Final = 256
_BLOCK: Final = 32
ELEMENT_BYTES: Final = ((KvType.F16, 2.0), (KvType.Q8_0, 34 / 32), (KvType.Q4_0, 18 / 32))
# architecture: every n-th layer is global where the header has no pattern
_PATTERNS: Final = (
    ("gemma2", 2),
    ("gpt-oss", 2),
    ("smallthinker", 4),
    ("cohere2", 4),
    ("exaone4", 4),
    ("exaone-moe", 4),
    ("llama4", 4),
    ("olmo2", 4),
    ("gemma3n", 5),
    ("gemma3", 6),
    ("plamo3", 8),
)
_WINDOWS: Final = (("gemma2", 4096), ("smallthinker", 4096), ("llama4", 8192))
_INTERVALS: Final = ("qwen35", "qwen35moe", "qwen3next")
_INTERVAL: Final = 4
_IGNORES_WINDOW: Final = "phi3"
_GEMMA3N_CACHING: Final = 20
_BOTH_KINDS: Final = "falcon-h1"


@dataclass(frozen=True, slots=True)
class Keys:
    """Numbers of a header by their names without the architecture."""

    info: GgufInfo

    def number(self, name: str, default: int = 0) -> int:
        """Return a single whole number; of one for each layer, the largest."""
        found = self.info.metadata.get(f"{self.info.architecture}.{name}")
        if isinstance(found, tuple):
            return max(_whole(found), default=default)
        return int(found) if isinstance(found, int) else default

    def each(self, name: str, layers: int) -> list[int]:
        """Return one whole number for each layer, 0 where the header has none."""
        found = self.info.metadata.get(f"{self.info.architecture}.{name}")
        if isinstance(found, tuple):
            known = _whole(found)[:layers]
            return known + [0] * (layers - len(known))
        return [int(found) if isinstance(found, int) else 0] * layers

    def has(self, name: str) -> bool:
        """Return whether the header says anything about `name`."""
        return f"{self.info.architecture}.{name}" in self.info.metadata


def _whole(numbers: tuple[object, ...]) -> list[int]:
    """Return `numbers` of a header, 0 for a fraction: none is meant here, and one may be no number."""
    return [int(one) if isinstance(one, int) else 0 for one in numbers]


def padded(count: int) -> int:
    """Return a number of cells rounded up as llama.cpp does."""
    return -(-count // _STEP) * _STEP


def kv_bytes(info: GgufInfo, context: int, kv_type: KvType, *, micro_batch: int, slots: int) -> int:
    """Return the bytes of the KV cache for `context` tokens shared by `slots` sequences."""
    keys = Keys(info)
    layers = _layers(keys)
    cells = padded(context)
    window = _window(keys)
    sliding_cells = window_cells(info, context, micro_batch=micro_batch, slots=slots)
    element = dict(ELEMENT_BYTES)[kv_type]
    total = 0.0
    widths = _Widths(keys, layers)
    caching = _caching(keys, layers)
    for layer, slides in enumerate(_sliding(keys, layers, window)):
        if caching[layer]:
            total += (sliding_cells if slides else cells) * widths.of(layer, slides=slides)
    return round(total * element)


def head_bytes(info: GgufInfo, context: int, kv_type: KvType) -> int:
    """Return the bytes of the KV cache of the block that only guesses the next tokens."""
    keys = Keys(info)
    block = _layers(keys)
    width = _Widths(keys, block + 1).of(block, slides=False)
    return round(padded(context) * width * dict(ELEMENT_BYTES)[kv_type])


def can_quantise(info: GgufInfo) -> bool:
    """Return whether the cache may be q8_0 or q4_0: their blocks have to divide every head."""
    keys = Keys(info)
    return all(width % _BLOCK == 0 for width in _Widths(keys, _layers(keys)).heads)


def window_cells(info: GgufInfo, context: int, *, micro_batch: int, slots: int) -> int:
    """Return the cells of a layer that only sees a window; 0 for models without one."""
    window = _window(Keys(info))
    return min(padded(context), padded(window * slots + micro_batch)) if window else 0


def state_bytes(info: GgufInfo, slots: int, rollback: int = 0) -> int:
    """Return the bytes of the state of recurrent layers, 32-bit numbers for each sequence.

    It is kept once more for each of `rollback` tokens that can be taken back.
    """
    keys = Keys(info)
    layers = _layers(keys)
    width = keys.number("embedding_length")
    if keys.has("wkv.head_size"):
        one = keys.number("token_shift_count", 2) * width + width * keys.number("wkv.head_size")
    elif keys.has("shortconv.l_cache"):
        one = width * max(0, keys.number("shortconv.l_cache") - 1)
    else:
        inner, state = keys.number("ssm.inner_size"), keys.number("ssm.state_size")
        mixed = inner + 2 * keys.number("ssm.group_count") * state
        one = max(0, keys.number("ssm.conv_kernel") - 1) * mixed + state * inner
    return slots * (1 + rollback) * sum(_recurrent(keys, layers)) * 4 * one


class _Widths:
    """Elements of key and value that one cell of a layer holds."""

    def __init__(self, keys: Keys, layers: int) -> None:
        heads = keys.each("attention.head_count", layers)
        self._kv_heads = (
            keys.each("attention.head_count_kv", layers)
            if keys.has("attention.head_count_kv")
            else heads
        )
        head = keys.number("embedding_length") // max(1, *heads)
        key = keys.number("attention.key_length", head)
        value = keys.number("attention.value_length", head)
        if keys.has("attention.key_length_mla"):
            value = 0
        sliding_key = keys.number("attention.key_length_swa", key)
        sliding_value = keys.number("attention.value_length_swa", value)
        self.heads = (key, value, sliding_key, sliding_value)
        self._full = key + value
        self._sliding = sliding_key + sliding_value

    def of(self, layer: int, *, slides: bool) -> int:
        return self._kv_heads[layer] * (self._sliding if slides else self._full)


def _layers(keys: Keys) -> int:
    """Return the layers that compute answers: those that only guess ahead are not loaded."""
    return max(1, keys.info.block_count - keys.number("nextn_predict_layers"))


def _window(keys: Keys) -> int:
    architecture = keys.info.architecture
    if architecture == _IGNORES_WINDOW:
        return 0
    return keys.number("attention.sliding_window", dict(_WINDOWS).get(architecture, 0))


def _sliding(keys: Keys, layers: int, window: int) -> list[bool]:
    """Return for each layer whether it only sees the window."""
    name = "attention.sliding_window_pattern"
    if not window:
        return [False] * layers
    if isinstance(keys.info.metadata.get(f"{keys.info.architecture}.{name}"), tuple):
        return [bool(one) for one in keys.each(name, layers)]
    every = keys.number(name, dict(_PATTERNS).get(keys.info.architecture, 1))
    return [every == 0 or layer % every < every - 1 for layer in range(layers)]


def _recurrent(keys: Keys, layers: int) -> list[bool]:
    """Return for each layer whether it keeps a state."""
    if not any(map(keys.has, ("ssm.state_size", "wkv.head_size", "shortconv.l_cache"))):
        return [False] * layers
    if keys.info.architecture == _BOTH_KINDS:
        return [True] * layers
    if keys.has("attention.recurrent_layers"):
        return [bool(one) for one in keys.each("attention.recurrent_layers", layers)]
    if keys.has("full_attention_interval") or keys.info.architecture in _INTERVALS:
        interval = max(1, keys.number("full_attention_interval", _INTERVAL))
        return [(layer + 1) % interval != 0 for layer in range(layers)]
    kv_heads = keys.each("attention.head_count_kv", layers)
    dense = keys.info.metadata.get(f"{keys.info.architecture}.feed_forward_length")
    idle = keys.each("feed_forward_length", layers) if isinstance(dense, tuple) else [0] * layers
    mixers = keys.info.architecture.startswith("nemotron_h")
    return [
        not heads and not (mixers and width) for heads, width in zip(kv_heads, idle, strict=True)
    ]


def _caching(keys: Keys, layers: int) -> list[bool]:
    """Return for each layer whether it owns a KV cache; `kv_bytes` skips those without heads."""
    if keys.info.architecture == _BOTH_KINDS:
        return [True] * layers
    last = layers - keys.number("attention.shared_kv_layers")
    if keys.info.architecture == "gemma3n":
        last = _GEMMA3N_CACHING
    recurrent = _recurrent(keys, layers)
    return [layer < last and not recurrent[layer] for layer in range(layers)]
