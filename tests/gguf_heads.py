"""Tiny real model files that guess their own next tokens: a head behind the layers that answer.

`glm4moe` has plain attention and experts; in `qwen35` three of four layers keep a state, in
`qwen35moe` too, with experts. The head passes the token on to the output matrix, so it guesses what
a model without layers would say.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from tests.gguf_files import (
    _CHATML_CONTROLS,
    CHATML,
    Tensors,
    _babbling,
    _ones,
    _random,
    _steady,
    _talking,
    _write,
)
from tests.gguf_vocabulary import sentencepiece

Kind: TypeAlias = Literal["glm4moe", "qwen35", "qwen35moe"]
_WIDTH = 128
_INNER = 64
_HEAD = 32
_EXPERTS = 4
_KEY_HEADS = 2
_STATE = 16
_KERNEL = 4


def write_with_head(
    path: Path,
    kind: Kind,
    *,
    answer: str = "",
    stops: bool = False,
    loud: float = 0.3,
    thoughtful: float = 0.0,
    layers: int = 8,
    head: bool = True,
    extra: Mapping[str, object] | None = None,
    seed: int = 5,
) -> Path:
    """Write a model of `kind` whose last block only guesses, and return `path`.

    With `answer` it says that word for word (`stops` False: over and over), and the head guesses
    each token of it. Without, its layers babble: the larger `loud`, the less often the head, which
    does not know of them, is right. A `thoughtful` head minds the state and what it has read as well.
    `head` False leaves out the tensors of the block, not its keys.
    """
    words = sentencepiece(_CHATML_CONTROLS, answer=answer)
    rng = np.random.default_rng(seed)
    make = _talking if answer else _babbling
    tensors = make(rng, words, _WIDTH, stops=stops)
    quiet = 0.0 if answer else loud
    for layer in range(layers):
        keeps_state = kind != "glm4moe" and layer % 4 != 3
        mixer = _delta_net if keeps_state else _attention
        tensors |= _layer(rng, layer, kind, mixer(rng, f"blk.{layer}.", kind), quiet)
    if head:
        mixer_tensors = _attention(rng, f"blk.{layers}.", kind)
        tensors |= _layer(rng, layers, kind, mixer_tensors, thoughtful)
        tensors |= _guessing(rng, layers, thoughtful)
    header: dict[str, object] = {
        "context_length": 2048,
        "embedding_length": _WIDTH,
        "block_count": layers + 1,
        "nextn_predict_layers": 1,
        "feed_forward_length": _INNER,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
        "attention.key_length": _HEAD,
        "attention.value_length": _HEAD,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.dimension_count": _HEAD,
        "vocab_size": len(words.tokens),
    }
    if kind != "qwen35":
        header |= _expert_sizes(kind)
    if kind != "glm4moe":
        header |= _delta_net_sizes()
    return _write(path, kind, "Tiny Head", header, words, tensors, CHATML, extra)


def _expert_sizes(kind: Kind) -> dict[str, object]:
    sizes: dict[str, object] = {
        "expert_count": _EXPERTS,
        # All of them: a choice by a hair would make other answers of mere rounding.
        "expert_used_count": _EXPERTS,
        "expert_feed_forward_length": _INNER,
    }
    if kind == "glm4moe":
        return sizes | {"expert_shared_count": 1, "leading_dense_block_count": 1}
    return sizes | {"expert_shared_feed_forward_length": _INNER}


def _delta_net_sizes() -> dict[str, object]:
    return {
        "rope.dimension_sections": [4, 6, 6, 0],
        "ssm.conv_kernel": _KERNEL,
        "ssm.inner_size": 2 * _KEY_HEADS * _STATE,
        "ssm.state_size": _STATE,
        "ssm.time_step_rank": 2 * _KEY_HEADS,
        "ssm.group_count": _KEY_HEADS,
        "full_attention_interval": 4,
    }


def _layer(
    rng: np.random.Generator, layer: int, kind: Kind, mixer: Tensors, loud: float
) -> Tensors:
    """Return a layer; what it adds to the text's direction is `loud` times as strong as usual."""
    prefix = f"blk.{layer}."
    tensors = mixer | {
        f"{prefix}attn_norm.weight": _ones(_WIDTH),
        f"{prefix}post_attention_norm.weight": _ones(_WIDTH),
    }
    if kind == "qwen35moe" or (kind == "glm4moe" and layer > 0):
        tensors |= _mixture(rng, prefix, kind)
    else:
        tensors |= {
            f"{prefix}ffn_gate.weight": _random(rng, _INNER, _WIDTH),
            f"{prefix}ffn_up.weight": _random(rng, _INNER, _WIDTH),
            f"{prefix}ffn_down.weight": _random(rng, _WIDTH, _INNER),
        }
    for name, tensor in tensors.items():
        if name.endswith(("attn_output.weight", "ssm_out.weight", "ffn_down.weight")):
            tensors[name] = _steady(tensor * np.float32(loud))
        elif "_down_" in name:
            tensor[..., 0, :] = 0
            tensors[name] = tensor * np.float32(loud)
    return tensors


def _mixture(rng: np.random.Generator, prefix: str, kind: Kind) -> Tensors:
    def experts(rows: int, columns: int) -> np.ndarray:
        return np.stack([_random(rng, rows, columns) for _ in range(_EXPERTS)])

    own: Tensors = (
        {f"{prefix}exp_probs_b.bias": np.zeros(_EXPERTS, np.float32)}
        if kind == "glm4moe"
        else {f"{prefix}ffn_gate_inp_shexp.weight": _random(rng, 1, _WIDTH)[0]}
    )
    return own | {
        f"{prefix}ffn_gate_inp.weight": _random(rng, _EXPERTS, _WIDTH),
        f"{prefix}ffn_gate_exps.weight": experts(_INNER, _WIDTH),
        f"{prefix}ffn_up_exps.weight": experts(_INNER, _WIDTH),
        f"{prefix}ffn_down_exps.weight": experts(_WIDTH, _INNER),
        f"{prefix}ffn_gate_shexp.weight": _random(rng, _INNER, _WIDTH),
        f"{prefix}ffn_up_shexp.weight": _random(rng, _INNER, _WIDTH),
        f"{prefix}ffn_down_shexp.weight": _random(rng, _WIDTH, _INNER),
    }


def _attention(rng: np.random.Generator, prefix: str, kind: Kind) -> Tensors:
    """Return attention with 4 heads, 2 of them with keys and values; all but GLM gate the result."""
    tensors: Tensors = {
        f"{prefix}attn_q.weight": _random(rng, 4 * _HEAD * (2 if kind != "glm4moe" else 1), _WIDTH),
        f"{prefix}attn_k.weight": _random(rng, 2 * _HEAD, _WIDTH),
        f"{prefix}attn_v.weight": _random(rng, 2 * _HEAD, _WIDTH),
        f"{prefix}attn_output.weight": _random(rng, _WIDTH, 4 * _HEAD),
    }
    if kind != "glm4moe":
        tensors |= {
            f"{prefix}attn_q_norm.weight": _ones(_HEAD),
            f"{prefix}attn_k_norm.weight": _ones(_HEAD),
        }
    return tensors


def _delta_net(rng: np.random.Generator, prefix: str, _kind: Kind) -> Tensors:
    """Return linear attention that keeps a state."""
    heads = 2 * _KEY_HEADS
    inner = heads * _STATE
    mixed = inner + 2 * _KEY_HEADS * _STATE
    return {
        f"{prefix}attn_qkv.weight": _random(rng, mixed, _WIDTH),
        f"{prefix}attn_gate.weight": _random(rng, inner, _WIDTH),
        f"{prefix}ssm_conv1d.weight": _random(rng, mixed, _KERNEL),
        f"{prefix}ssm_dt.bias": np.zeros(heads, np.float32),
        f"{prefix}ssm_a": -np.linspace(0.05, 0.5, heads, dtype=np.float32),
        f"{prefix}ssm_beta.weight": _random(rng, heads, _WIDTH),
        f"{prefix}ssm_alpha.weight": _random(rng, heads, _WIDTH),
        f"{prefix}ssm_norm.weight": _ones(_STATE),
        f"{prefix}ssm_out.weight": _random(rng, _WIDTH, inner),
    }


def _guessing(rng: np.random.Generator, layer: int, thoughtful: float) -> Tensors:
    """Return what makes a block a head: it joins token and state, the latter so many times."""
    prefix = f"blk.{layer}.nextn."
    joined = np.zeros((_WIDTH, 2 * _WIDTH), np.float32)
    joined[:, :_WIDTH] = np.eye(_WIDTH, dtype=np.float32)
    joined[:, _WIDTH:] = _steady(_random(rng, _WIDTH, _WIDTH)) * np.float32(thoughtful)
    return {
        f"{prefix}eh_proj.weight": joined,
        f"{prefix}enorm.weight": _ones(_WIDTH),
        f"{prefix}hnorm.weight": _ones(_WIDTH),
    }
