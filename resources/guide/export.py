"""Write the trained guide as a GGUF file (Q8_0, norms in F32) for llama.cpp, and read it back."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import torch
from model import Guide
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

BEGIN, END, USER, GUIDE = "<|begin|>", "<|end|>", "<|user|>", "<|guide|>"
SPECIALS = (BEGIN, END, USER, GUIDE)
TEMPLATE = Path(__file__).resolve().parent / "chat_template.jinja"
LICENSE = "mit"


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    """Store vocabulary, merges, special tokens and the chat template."""
    vocab = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    tokens = [token for token, _ in vocab]
    types = [
        gguf.TokenType.CONTROL if token in SPECIALS else gguf.TokenType.NORMAL for token in tokens
    ]
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    writer.add_bos_token_id(tokenizer.token_to_id(BEGIN))
    writer.add_eos_token_id(tokenizer.token_to_id(END))
    writer.add_eot_token_id(tokenizer.token_to_id(END))
    writer.add_pad_token_id(tokenizer.token_to_id(BEGIN))
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_chat_template(TEMPLATE.read_text(encoding="utf-8"))


def _named_weights(model: Guide) -> dict[str, Tensor]:
    """Return the weights of the network under their names in the file."""
    weights = {"token_embd.weight": model.embed.weight, "output_norm.weight": model.norm.weight}
    for index, block in enumerate(model.blocks):
        parts = {
            "attn_norm": block.attn_norm,
            "attn_q": block.q,
            "attn_k": block.k,
            "attn_v": block.v,
            "attn_output": block.o,
            "ffn_norm": block.ffn_norm,
            "ffn_gate": block.gate,
            "ffn_up": block.up,
            "ffn_down": block.down,
        }
        weights |= {f"blk.{index}.{name}.weight": part.weight for name, part in parts.items()}
    return weights


def _add_tensor(writer: gguf.GGUFWriter, name: str, weight: Tensor) -> None:
    data = weight.detach().float().numpy()
    if data.ndim == 1:
        writer.add_tensor(name, data)
        return
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(name, gguf.quants.quantize(np.ascontiguousarray(data), kind), raw_dtype=kind)


def write_gguf(path: Path, model: Guide, tokenizer: Tokenizer) -> None:
    """Write the model, its tokenizer and its chat template to one file."""
    cfg = model.cfg
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Lapis Guide")
    writer.add_description("A very small model that answers questions about Lapis (en, zh).")
    writer.add_license(LICENSE)
    writer.add_languages(["en", "zh"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(cfg.vocab)
    writer.add_context_length(cfg.context)
    writer.add_embedding_length(cfg.width)
    writer.add_block_count(cfg.layers)
    writer.add_feed_forward_length(cfg.hidden)
    writer.add_head_count(cfg.heads)
    writer.add_head_count_kv(cfg.kv_heads)
    writer.add_layer_norm_rms_eps(cfg.eps)
    writer.add_rope_dimension_count(cfg.head_dim)
    writer.add_rope_freq_base(cfg.rope_base)
    _add_tokenizer(writer, tokenizer)
    for name, weight in _named_weights(model).items():
        _add_tensor(writer, name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_gguf(path: Path, model: Guide) -> Tokenizer:
    """Fill the model with the weights of a file of the same shape and return its tokenizer."""
    reader = gguf.GGUFReader(path)
    weights = _named_weights(model)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        weights[tensor.name].data.copy_(torch.from_numpy(values.copy()))
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(m.split(" ")) for m in reader.fields["tokenizer.ggml.merges"].contents()]
    vocab = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
