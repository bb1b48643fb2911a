"""One damaged file for each number of a seed: the same seed and number, the same file, anywhere."""

import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tests.fuzz.layout import (
    ARRAY,
    FORMATS,
    STRING,
    Entry,
    architecture_of,
    layout_of,
    packed,
    replaced,
    texts_of,
    with_key,
    without_key,
)

Change: TypeAlias = tuple[str, bytes]

WORDS: Final = (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63)
_SMALL: Final = (2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 31, 33, 64, 255, 256, 513, 4096, 65535, 65536)
_FLOATS: Final = (0.0, -0.0, -1.0, 1e-45, 1e38, 0.5, 2.0, float("inf"), float("-inf"), float("nan"))
_TEXTS: Final = ("", "x", "llama", "gpt2", "bert", "t5", "rwkv", "none", "yarn", "longrope", "\0")
# Keys of the header that llama.cpp acts on, whatever the file is; `{a}` is its architecture.
_NAMED: Final = (
    "{a}.context_length",
    "{a}.embedding_length",
    "{a}.block_count",
    "{a}.feed_forward_length",
    "{a}.vocab_size",
    "{a}.attention.head_count",
    "{a}.attention.head_count_kv",
    "{a}.attention.key_length",
    "{a}.attention.value_length",
    "{a}.attention.sliding_window",
    "{a}.attention.layer_norm_epsilon",
    "{a}.attention.layer_norm_rms_epsilon",
    "{a}.attention.causal",
    "{a}.attn_logit_softcapping",
    "{a}.final_logit_softcapping",
    "{a}.rope.dimension_count",
    "{a}.rope.freq_base",
    "{a}.rope.scaling.type",
    "{a}.rope.scaling.factor",
    "{a}.ssm.conv_kernel",
    "{a}.ssm.inner_size",
    "{a}.ssm.state_size",
    "{a}.ssm.time_step_rank",
    "{a}.pooling_type",
    "general.architecture",
    "general.alignment",
    "general.file_type",
    "tokenizer.ggml.model",
    "tokenizer.ggml.pre",
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.unknown_token_id",
    "tokenizer.ggml.padding_token_id",
    "tokenizer.ggml.seperator_token_id",
    "tokenizer.ggml.mask_token_id",
    "tokenizer.ggml.token_type_count",
)
# Keys that the tiny files do not have and llama.cpp reads where they are.
_ADDED: Final = (
    ("{a}.expert_count", 4),
    ("{a}.expert_used_count", 4),
    ("{a}.expert_group_count", 4),
    ("{a}.expert_feed_forward_length", 4),
    ("{a}.leading_dense_block_count", 4),
    ("{a}.nextn_predict_layers", 4),
    ("{a}.full_attention_interval", 4),
    ("{a}.attention.sliding_window", 4),
    ("{a}.attention.sliding_window_pattern", 4),
    ("{a}.attention.key_length", 4),
    ("{a}.attention.value_length", 4),
    ("{a}.attention.key_length_swa", 4),
    ("{a}.attention.value_length_swa", 4),
    ("{a}.attention.shared_kv_layers", 4),
    ("{a}.attention.group_norm_groups", 4),
    ("{a}.attention.clamp_kqv", 6),
    ("{a}.attention.max_alibi_bias", 6),
    ("{a}.attention.scale", 6),
    ("{a}.attention.causal", 7),
    ("{a}.attention.temperature_length", 4),
    ("{a}.attn_logit_softcapping", 6),
    ("{a}.embedding_scale", 6),
    ("{a}.logit_scale", 6),
    ("{a}.residual_scale", 6),
    ("{a}.pooling_type", 4),
    ("{a}.rope.dimension_sections", ARRAY),
    ("{a}.rope.freq_base", 6),
    ("{a}.rope.freq_base_swa", 6),
    ("{a}.rope.scaling.type", STRING),
    ("{a}.rope.scaling.factor", 6),
    ("{a}.rope.scaling.original_context_length", 4),
    ("{a}.rope.scaling.attn_factor", 6),
    ("{a}.use_parallel_residual", 7),
    ("{a}.decoder_start_token_id", 4),
    ("{a}.classifier.output_labels", ARRAY),
    ("tokenizer.ggml.pre", STRING),
    ("tokenizer.ggml.precompiled_charsmap", ARRAY),
    ("tokenizer.ggml.merges", ARRAY),
    ("tokenizer.ggml.suppress_tokens", ARRAY),
    ("tokenizer.ggml.eom_token_id", 4),
    ("tokenizer.ggml.fim_pre_token_id", 4),
    ("tokenizer.ggml.fim_suf_token_id", 4),
    ("tokenizer.ggml.fim_mid_token_id", 4),
    ("tokenizer.ggml.fim_pad_token_id", 4),
    ("tokenizer.ggml.fim_rep_token_id", 4),
    ("tokenizer.ggml.fim_sep_token_id", 4),
    ("tokenizer.ggml.mask_token_id", 4),
    ("tokenizer.ggml.add_eos_token", 7),
    ("tokenizer.ggml.add_sep_token", 7),
    ("tokenizer.ggml.remove_extra_whitespaces", 7),
    ("tokenizer.ggml.token_type_count", 4),
    ("general.alignment", 4),
    ("split.count", 2),
    ("split.no", 2),
    ("split.tensors.count", 5),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A damaged file: its name (`seed:number`), what it was, what was done to it."""

    name: str
    base: str
    change: str
    content: bytes


def mutant(bases: Mapping[str, bytes], seed: int, number: int) -> Mutant:
    """Return the damaged file `number` of `seed`."""
    chance = random.Random(f"{seed}:{number}")
    base = chance.choice(sorted(bases))
    name, content = f"{seed}:{number}", bases[base]
    if chance.random() < _BLIND_SHARE:
        return Mutant(name, base, *chance.choice(_BLIND)(content, chance))
    changes = []
    for _ in range(chance.choice((1, 1, 1, 2))):
        change, content = chance.choice(_STRUCTURED)(content, chance)
        changes.append(change)
    return Mutant(name, base, "; ".join(changes), content)


def _bits(content: bytes, chance: random.Random) -> Change:
    data, end, places = bytearray(content), layout_of(content).end, []
    for _ in range(chance.randint(1, 16)):
        at, bit = chance.randrange(end), chance.randrange(8)
        data[at] ^= 1 << bit
        places.append(f"{at}.{bit}")
    return f"bits {' '.join(places)} flipped", bytes(data)


def _word(content: bytes, chance: random.Random) -> Change:
    size = chance.choice((4, 8))
    at = chance.randrange(4, layout_of(content).end)
    word = chance.choice((*WORDS, chance.getrandbits(64)))
    new = struct.pack("<Q", word)[:size]
    return f"{size} bytes at {at} set to {word}", content[:at] + new + content[at + size :]


def _cut(content: bytes, chance: random.Random) -> Change:
    end = chance.randrange(len(content))
    return f"cut to {end} bytes", content[:end]


def _weights(content: bytes, chance: random.Random) -> Change:
    """Not seen by any check, and calculated with: infinities, and what is no number."""
    data, start, count = bytearray(content), layout_of(content).data, chance.randint(1, 200)
    for _ in range(count):
        at = chance.randrange(start, len(data) - 4) & ~3
        data[at : at + 4] = struct.pack("<f", chance.choice(_FLOATS))
    return f"{count} weights set to strange numbers", bytes(data)


def _named(content: bytes, chance: random.Random) -> Change:
    layout, architecture = layout_of(content), architecture_of(content)
    keys = [key for name in _NAMED if (key := name.format(a=architecture)) in layout.entries]
    entry = layout.entries[chance.choice(keys)]
    if entry.kind == ARRAY:
        return _array_value(content, entry, chance)
    if entry.kind == STRING:
        text = chance.choice(_TEXTS)
        new = packed(STRING, text)
        return f"{entry.key} = {text!r}", replaced(content, entry.value_at, entry.end, new)
    value = _scalar(content, entry, chance)
    return (
        f"{entry.key} = {value!r}",
        replaced(content, entry.value_at, entry.end, packed(entry.kind, value)),
    )


def _any_key(content: bytes, chance: random.Random) -> Change:
    """Drop a key, or give it another type."""
    entries = layout_of(content).entries
    entry = entries[chance.choice(sorted(entries))]
    if chance.random() < 0.5:
        return f"{entry.key} left out", without_key(content, entry.key)
    kind = chance.choice([*FORMATS, STRING, ARRAY])
    value = _value(kind, chance)
    return f"{entry.key} = {value!r} of type {kind}", with_key(content, entry.key, kind, value)


def _added(content: bytes, chance: random.Random) -> Change:
    name, kind = chance.choice(_ADDED)
    if chance.random() < 0.2:
        kind = chance.choice((*FORMATS, STRING, ARRAY))
    key, value = name.format(a=architecture_of(content)), _value(kind, chance)
    return f"{key} = {value!r} added", with_key(content, key, kind, value)


def _table(content: bytes, chance: random.Random) -> Change:
    layout = layout_of(content)
    row = chance.choice(layout.rows)
    match chance.randrange(5):
        case 0:
            kind = chance.randrange(44)
            return f"{row.name} type {kind}", _set(content, row.kind_at, "<I", kind)
        case 1:
            at = chance.choice(row.sizes_at)
            old = struct.unpack_from("<Q", content, at)[0]
            size = chance.choice((*WORDS, *_SMALL, old - 1, old + 1, old * 2, old // 2))
            return f"{row.name} size {size}", _set(content, at, "<Q", size)
        case 2:
            place = 32 * chance.randrange((len(content) - layout.data) // 32)
            return f"{row.name} at {place}", _set(content, row.place_at, "<Q", place)
        case 3 if len(row.sizes_at) > 1:
            first, second = row.sizes_at[:2]
            turned = content[second : second + 8] + content[first : first + 8]
            return f"{row.name} turned", content[:first] + turned + content[second + 8 :]
        case _:
            other = chance.choice(layout.rows)
            name = packed(STRING, other.name + chance.choice(("", "x")))
            return (
                f"{row.name} named {name!r}",
                replaced(content, row.name_at - 8, row.dimensions_at, name),
            )


def _vocabulary(content: bytes, chance: random.Random) -> Change:
    """Change one token: its text, its score or its type."""
    entries = layout_of(content).entries
    name = chance.choice(("tokens", "tokens", "scores", "token_type", "merges"))
    entry = entries.get(f"tokenizer.ggml.{name}")
    if entry is None or entry.kind != ARRAY:
        return _added(content, chance)
    texts = list(texts_of(content, entry))
    if not texts:
        return _array_value(content, entry, chance)
    at, length = chance.choice(texts)
    if chance.random() < 0.5:
        other, size = chance.choice(texts)
        text = content[other : other + size]
    else:
        text = bytes(chance.randrange(256) for _ in range(chance.choice((0, 1, 2, length, 300))))
    new = packed(STRING, text)
    return f"{name} at {at} = {text[:30]!r}", replaced(content, at - 8, at + length, new)


def _lengths(content: bytes, chance: random.Random) -> Change:
    """Let an array say that it is longer or shorter than it is."""
    arrays = [one for one in layout_of(content).entries.values() if one.kind == ARRAY]
    entry = chance.choice(arrays)
    count = struct.unpack_from("<Q", content, entry.value_at + 4)[0]
    wish = chance.choice((0, 1, count - 1, count + 1, *WORDS))
    return f"{entry.key} has {wish}", _set(content, entry.value_at + 4, "<Q", wish)


def _array_value(content: bytes, entry: Entry, chance: random.Random) -> Change:
    kind, count = struct.unpack_from("<IQ", content, entry.value_at)
    if kind == STRING or not count:
        return _added(content, chance)
    place = chance.randrange(count)
    at = entry.value_at + 12 + place * struct.calcsize(FORMATS[kind])
    value = _value(kind, chance)
    return f"{entry.key}[{place}] = {value!r}", _set(content, at, FORMATS[kind], value)


def _set(content: bytes, at: int, layout: str, value: object) -> bytes:
    if layout in {"<Q", "<I"} and isinstance(value, int):
        value %= 2 ** (8 * struct.calcsize(layout))
    new = struct.pack(layout, value)
    return content[:at] + new + content[at + len(new) :]


def _scalar(content: bytes, entry: Entry, chance: random.Random) -> object:
    old = struct.unpack_from(FORMATS[entry.kind], content, entry.value_at)[0]
    if isinstance(old, int) and not isinstance(old, bool) and chance.random() < 0.5:
        near = chance.choice((old - 1, old + 1, old * 2, old // 2, old * 3, old + 2))
        return _whole(entry.kind, near)
    return _value(entry.kind, chance)


def _value(kind: int, chance: random.Random) -> object:
    match kind:
        case 8:
            return chance.choice(_TEXTS)
        case 9:
            inner = chance.choice((*FORMATS, STRING))
            return inner, [_value(inner, chance) for _ in range(chance.choice((0, 1, 2, 3, 4)))]
        case 6 | 12:
            return chance.choice((*_FLOATS, chance.uniform(-1e6, 1e6)))
        case 7:
            return chance.random() < 0.5
        case _:
            return _whole(kind, chance.choice((*WORDS, *_SMALL, chance.getrandbits(64))))


def _whole(kind: int, value: int) -> int:
    size = struct.calcsize(FORMATS[kind])
    value %= 2 ** (8 * size)
    signed = FORMATS[kind][1].islower() and kind != 7
    return value - 2 ** (8 * size) if signed and value >= 2 ** (8 * size - 1) else value


_Kind: TypeAlias = Callable[[bytes, random.Random], Change]
# These may leave nothing that a walk through the file could follow, so they come last and alone.
_BLIND: Final[tuple[_Kind, ...]] = (_bits, _bits, _bits, _word, _word, _cut, _lengths, _weights)
_BLIND_SHARE: Final = 0.5
_STRUCTURED: Final[tuple[_Kind, ...]] = (
    *(_named, _named, _named, _any_key, _added, _added),
    *(_table, _table, _vocabulary, _vocabulary),
)
