"""Tiny real model files, written with the `gguf` package: seeded weights, whole tokenizers.

They load and answer in real llama.cpp within a fraction of a second. The first number of every
embedding is the same and no layer changes it, so the first column of the output matrix is a bias:
with it a model never says control tokens, or says a wished answer word for word.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import gguf
import numpy as np
import numpy.typing as npt

from tests.gguf_vocabulary import Vocabulary, byte_level, followers, sentencepiece, wordpiece

Matrix: TypeAlias = npt.NDArray[np.float32]
Tensors: TypeAlias = dict[str, Matrix]

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + "
    "message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
GEMMA2_TEMPLATE = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}"
    "{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)
_CHATML_CONTROLS = {"bos": "<s>", "eos": "</s>", "start": "<|im_start|>", "eot": "<|im_end|>"}
_GEMMA_CONTROLS = {
    "padding": "<pad>",
    "eos": "<eos>",
    "bos": "<bos>",
    "start": "<start_of_turn>",
    "eot": "<end_of_turn>",
}
_FILE_TYPES: Mapping[gguf.GGMLQuantizationType, gguf.LlamaFileType] = {
    gguf.GGMLQuantizationType.F32: gguf.LlamaFileType.ALL_F32,
    gguf.GGMLQuantizationType.F16: gguf.LlamaFileType.MOSTLY_F16,
    gguf.GGMLQuantizationType.BF16: gguf.LlamaFileType.MOSTLY_BF16,
    gguf.GGMLQuantizationType.Q8_0: gguf.LlamaFileType.MOSTLY_Q8_0,
    gguf.GGMLQuantizationType.Q4_0: gguf.LlamaFileType.MOSTLY_Q4_0,
}
_STEADY = 4.0
_NEVER = -40.0
_SELDOM = 2.5


def write_llama(
    path: Path,
    *,
    context_length: int = 2048,
    template: str | None = CHATML,
    layers: int = 1,
    vocabulary: Literal["llama", "gpt2"] = "llama",
    stops: bool = False,
    answer: str = "",
    raw_bytes: bool = False,
    name: str = "Tiny Llama",
    extra: Mapping[str, object] | None = None,
    weights: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F32,
    width: int = 64,
    parts: int = 1,
    seed: int = 1,
) -> Path:
    """Write a `llama` model and return `path`, or its first part of `parts`.

    `template` None makes a base model. Without `answer` it babbles words; `answer` (a sentence or
    more) is said word for word at any temperature up to 1, whatever was asked. `stops` False:
    goes on until a limit, saying the answer over and over; True: ends after the answer, or after
    some twenty tokens of babble. `raw_bytes` (`llama` vocabulary) babbles single bytes too.
    `extra` keys are added to the header, replacing those of the same name. Matrices are stored as
    `weights`; without an answer they have rows of `width`, which K-quants want to be 256.
    """
    words = (
        sentencepiece(_CHATML_CONTROLS, answer=answer, raw_bytes=raw_bytes)
        if vocabulary == "llama"
        else byte_level(_CHATML_CONTROLS, answer=answer)
    )
    rng = np.random.default_rng(seed)
    width, inner = (128, 64) if answer else (width, 2 * width)
    tensors = _talking(rng, words, width, stops=stops) if answer else {}
    if not answer:
        tensors = _babbling(rng, words, width, stops=stops)
    for layer in range(layers):
        tensors |= _attention_layer(rng, f"blk.{layer}.", width, inner=inner)
        if answer:
            for quiet in ("attn_output", "ffn_down"):
                tensors[f"blk.{layer}.{quiet}.weight"][:] = 0
    header: dict[str, object] = {
        "context_length": context_length,
        "embedding_length": width,
        "block_count": layers,
        "feed_forward_length": inner,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.dimension_count": width // 4,
        "vocab_size": len(words.tokens),
    }
    return _write(path, "llama", name, header, words, tensors, template, extra, weights, parts)


def write_gemma2(
    path: Path,
    *,
    context_length: int = 2048,
    sliding_window: int = 256,
    template: str | None = GEMMA2_TEMPLATE,
    layers: int = 2,
    seed: int = 2,
) -> Path:
    """Write a `gemma2` model: soft-capping, every other layer sliding, tied embeddings.

    Its own chat template raises on a system role. After such a prompt it babbles without end.
    Returns `path`.
    """
    words = sentencepiece(_GEMMA_CONTROLS, newline=True)
    rng = np.random.default_rng(seed)
    width = 64
    embeddings = rng.standard_normal((len(words.tokens), width), dtype=np.float32) * 0.2
    embeddings[:, 0] = 1.5
    embeddings[list(words.silent), 0] = -20.0
    tensors: Tensors = {"token_embd.weight": embeddings, "output_norm.weight": _ones(width)}
    for layer in range(layers):
        prefix = f"blk.{layer}."
        tensors |= _attention_layer(rng, prefix, width, inner=2 * width)
        for norm in ("post_attention_norm", "post_ffw_norm"):
            tensors[f"{prefix}{norm}.weight"] = _ones(width) * 4
    header: dict[str, object] = {
        "context_length": context_length,
        "embedding_length": width,
        "block_count": layers,
        "feed_forward_length": 2 * width,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
        "attention.key_length": width // 4,
        "attention.value_length": width // 4,
        "attention.layer_norm_rms_epsilon": 1e-6,
        "attention.sliding_window": sliding_window,
        "attn_logit_softcapping": 50.0,
        "final_logit_softcapping": 30.0,
    }
    return _write(path, "gemma2", "Tiny Gemma 2", header, words, tensors, template, None)


def write_recurrent(
    path: Path,
    *,
    context_length: int = 2048,
    template: str | None = CHATML,
    layers: int = 1,
    seed: int = 3,
) -> Path:
    """Write a `mamba` model: a state instead of a KV cache, so no prefix can be cut from it.

    It babbles without end. Returns `path`.
    """
    words = sentencepiece(_CHATML_CONTROLS)
    rng = np.random.default_rng(seed)
    width, inner, state, kernel, rank = 64, 128, 16, 4, 4
    tensors = _babbling(rng, words, width, stops=False)
    for layer in range(layers):
        prefix = f"blk.{layer}."
        tensors |= {
            f"{prefix}attn_norm.weight": _ones(width),
            f"{prefix}ssm_in.weight": _random(rng, 2 * inner, width),
            f"{prefix}ssm_conv1d.weight": _random(rng, inner, kernel),
            f"{prefix}ssm_conv1d.bias": np.zeros(inner, np.float32),
            f"{prefix}ssm_x.weight": _random(rng, rank + 2 * state, inner),
            f"{prefix}ssm_dt.weight": _random(rng, inner, rank),
            f"{prefix}ssm_dt.bias": np.full(inner, -2.0, np.float32),
            f"{prefix}ssm_a": -np.tile(np.arange(1, state + 1, dtype=np.float32), (inner, 1)),
            f"{prefix}ssm_d": _ones(inner),
            f"{prefix}ssm_out.weight": _steady(_random(rng, width, inner)),
        }
    header: dict[str, object] = {
        "context_length": context_length,
        "embedding_length": width,
        "block_count": layers,
        "feed_forward_length": 0,
        "attention.head_count": 0,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "ssm.conv_kernel": kernel,
        "ssm.inner_size": inner,
        "ssm.state_size": state,
        "ssm.time_step_rank": rank,
    }
    return _write(path, "mamba", "Tiny Mamba", header, words, tensors, template, None)


def write_bert(path: Path, *, context_length: int = 512, layers: int = 1, seed: int = 4) -> Path:
    """Write a `bert` model for embeddings (64 numbers, mean pooling) and return `path`."""
    words = wordpiece()
    rng = np.random.default_rng(seed)
    width = 64
    tensors: Tensors = {
        "token_embd.weight": _random(rng, len(words.tokens), width),
        "token_types.weight": _random(rng, 2, width),
        "position_embd.weight": _random(rng, context_length, width) * 0.1,
        "token_embd_norm.weight": _ones(width),
        "token_embd_norm.bias": np.zeros(width, np.float32),
    }
    for layer in range(layers):
        prefix = f"blk.{layer}."
        for part, rows, columns in (
            ("attn_q", width, width),
            ("attn_k", width, width),
            ("attn_v", width, width),
            ("attn_output", width, width),
            ("ffn_up", 2 * width, width),
            ("ffn_down", width, 2 * width),
        ):
            tensors[f"{prefix}{part}.weight"] = _random(rng, rows, columns)
            tensors[f"{prefix}{part}.bias"] = np.zeros(rows, np.float32)
        for norm in ("attn_output_norm", "layer_output_norm"):
            tensors[f"{prefix}{norm}.weight"] = _ones(width)
            tensors[f"{prefix}{norm}.bias"] = np.zeros(width, np.float32)
    header: dict[str, object] = {
        "context_length": context_length,
        "embedding_length": width,
        "block_count": layers,
        "feed_forward_length": 2 * width,
        "attention.head_count": 4,
        "attention.layer_norm_epsilon": 1e-12,
        "attention.causal": False,
        "pooling_type": int(gguf.PoolingType.MEAN),
    }
    extra = {"tokenizer.ggml.token_type_count": 2}
    return _write(path, "bert", "Tiny Bert", header, words, tensors, None, extra)


def _babbling(rng: np.random.Generator, words: Vocabulary, width: int, *, stops: bool) -> Tensors:
    """Return embeddings and an output matrix that choose among the words that may be said."""
    count = len(words.tokens)
    embeddings = rng.standard_normal((count, width), dtype=np.float32)
    embeddings[:, 0] = _STEADY
    output = rng.standard_normal((count, width), dtype=np.float32) * 0.25
    output[:, 0] = 0
    output[list(words.silent), 0] = _NEVER / _STEADY
    if stops:
        output[words.special["eot"]] = 0
        output[words.special["eot"], 0] = _SELDOM / _STEADY
    return {
        "token_embd.weight": embeddings,
        "output_norm.weight": _ones(width),
        "output.weight": output,
    }


def _talking(rng: np.random.Generator, words: Vocabulary, width: int, *, stops: bool) -> Tensors:
    """Return embeddings and an output matrix that lead along `words.answer`.

    Each token of the answer has a direction of random signs, almost at right angles to all
    others; the output row of its follower points the same way. All other tokens have none, and
    lead to the first through the steady number.
    """
    count = len(words.tokens)
    embeddings = np.zeros((count, width), np.float32)
    embeddings[:, 0] = _STEADY
    output = np.zeros((count, width), np.float32)
    for token, follower in followers(words, words.special["eot"] if stops else None):
        signs = rng.choice(np.array([-1, 1], np.float32), width - 1)
        embeddings[token, 1:] = signs
        output[follower, 1:] += 0.5 * signs
    output[words.answer[0], 0] += 6.0
    return {
        "token_embd.weight": embeddings,
        "output_norm.weight": _ones(width),
        "output.weight": output,
    }


def _attention_layer(rng: np.random.Generator, prefix: str, width: int, *, inner: int) -> Tensors:
    """Return a layer with 4 heads, 2 of them with keys and values, and `inner` hidden units."""
    kv_width = width // 2
    return {
        f"{prefix}attn_norm.weight": _ones(width),
        f"{prefix}attn_q.weight": _random(rng, width, width),
        f"{prefix}attn_k.weight": _random(rng, kv_width, width),
        f"{prefix}attn_v.weight": _random(rng, kv_width, width),
        f"{prefix}attn_output.weight": _steady(_random(rng, width, width)),
        f"{prefix}ffn_norm.weight": _ones(width),
        f"{prefix}ffn_gate.weight": _random(rng, inner, width),
        f"{prefix}ffn_up.weight": _random(rng, inner, width),
        f"{prefix}ffn_down.weight": _steady(_random(rng, width, inner)),
    }


def _random(rng: np.random.Generator, rows: int, columns: int) -> Matrix:
    return rng.standard_normal((rows, columns), dtype=np.float32) / np.float32(columns**0.5)


def _ones(length: int) -> Matrix:
    return np.ones(length, np.float32)


def write_adapter(
    path: Path,
    tensors: Mapping[str, "npt.NDArray[np.generic]"],
    extra: Mapping[str, object] | None = None,
) -> Path:
    """Write a LoRA file for a `llama` model and return `path`.

    `tensors` as in the file: `NAME.lora_a` and `NAME.lora_b`. `extra` keys as in `write_llama`.
    """
    keys: dict[str, object] = {
        "general.type": "adapter",
        "adapter.type": "lora",
        "adapter.lora.alpha": 4.0,
    }
    return _save(path, "llama", keys | dict(extra or {}), tensors)


def _steady(matrix: Matrix) -> Matrix:
    """Return `matrix` so that its product adds nothing to the first, steady number."""
    matrix[0] = 0
    return matrix


def _write(
    path: Path,
    architecture: str,
    name: str,
    header: Mapping[str, object],
    words: Vocabulary,
    tensors: Tensors,
    template: str | None,
    extra: Mapping[str, object] | None,
    weights: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F32,
    parts: int = 1,
) -> Path:
    keys: dict[str, object] = {"general.type": "model", "general.name": name}
    keys |= {"general.file_type": int(_FILE_TYPES[weights])}
    keys |= {f"{architecture}.{key}": value for key, value in header.items()}
    keys |= {"tokenizer.ggml.model": words.model, "tokenizer.ggml.tokens": list(words.tokens)}
    if words.scores:
        keys["tokenizer.ggml.scores"] = list(words.scores)
        keys["tokenizer.ggml.add_space_prefix"] = False
    keys["tokenizer.ggml.token_type"] = list(words.types)
    if words.merges:
        keys |= {"tokenizer.ggml.merges": list(words.merges), "tokenizer.ggml.pre": "gpt-2"}
    for role, token in words.special.items():
        if role != "start":
            keys[f"tokenizer.ggml.{role}_token_id"] = token
    keys["tokenizer.ggml.add_bos_token"] = "bos" in words.special
    if template is not None:
        keys["tokenizer.chat_template"] = template
    stored = {name: _stored(tensor, weights) for name, tensor in tensors.items()}
    return _save(path, architecture, keys | dict(extra or {}), stored, weights, parts)


def _save(
    path: Path,
    architecture: str,
    keys: Mapping[str, object],
    tensors: Mapping[str, "npt.NDArray[np.generic]"],
    weights: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F32,
    parts: int = 1,
) -> Path:
    each = -(-len(tensors) // parts) if parts > 1 else 0
    writer = gguf.GGUFWriter(path, architecture, split_max_tensors=each)
    for key, value in keys.items():
        _add(writer, key, value)
    for name, tensor in tensors.items():
        packed = weights if tensor.dtype == np.uint8 else None
        writer.add_tensor(name, np.ascontiguousarray(tensor), raw_dtype=packed)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path if parts == 1 else path.with_name(f"{path.stem}-00001-of-{parts:05d}.gguf")


def _stored(tensor: Matrix, weights: gguf.GGMLQuantizationType) -> "npt.NDArray[np.generic]":
    """Return `tensor` in the type `weights`; vectors stand in full in every file."""
    whole: Matrix = tensor.astype(np.float32)
    return gguf.quants.quantize(whole, weights) if tensor.ndim > 1 else whole


def _add(writer: gguf.GGUFWriter, key: str, value: object) -> None:
    match value:
        case bool():
            writer.add_bool(key, value)
        case int():
            writer.add_uint32(key, value)
        case float():
            writer.add_float32(key, value)
        case str():
            writer.add_string(key, value)
        case list():
            writer.add_array(key, value)
        case _:
            message = f"no GGUF type for {key}"
            raise TypeError(message)
