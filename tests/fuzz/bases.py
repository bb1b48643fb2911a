"""The good files that mutations start from: every architecture and tokenizer the tests can write."""

from collections.abc import Mapping
from pathlib import Path

from tests import gguf_files
from tests.fuzz.layout import ARRAY, with_key

_U32, _I32, _F32, _BOOL, _TEXT = 4, 5, 6, 7, 8


def base_files(folder: Path) -> Mapping[str, bytes]:
    """Return the content of each, by name; they are written under `folder`."""
    llama = gguf_files.write_llama(folder / "llama.gguf", context_length=512).read_bytes()
    deep = gguf_files.write_llama(folder / "deep.gguf", context_length=512, layers=2).read_bytes()
    gemma = gguf_files.write_gemma2(folder / "gemma2.gguf", context_length=512, layers=2)
    return {
        "llama": llama,
        "gpt2": gguf_files.write_llama(
            folder / "gpt2.gguf", context_length=512, vocabulary="gpt2"
        ).read_bytes(),
        "arrays": _with_arrays(deep),
        "gemma2": gemma.read_bytes(),
        "recurrent": gguf_files.write_recurrent(
            folder / "recurrent.gguf", context_length=512
        ).read_bytes(),
        "bert": gguf_files.write_bert(folder / "bert.gguf", context_length=256).read_bytes(),
    }


def _with_arrays(content: bytes) -> bytes:
    """Return a two-layer Llama that says for each layer what others say once, and more."""
    for key, kind, value in (
        ("llama.attention.head_count", ARRAY, (_U32, [4, 4])),
        ("llama.attention.head_count_kv", ARRAY, (_U32, [2, 2])),
        ("llama.feed_forward_length", ARRAY, (_I32, [128, 128])),
        ("llama.rope.freq_base", _F32, 10000.0),
        ("llama.rope.scaling.type", _TEXT, "linear"),
        ("llama.rope.scaling.factor", _F32, 1.0),
        ("llama.attention.key_length", _U32, 16),
        ("llama.attention.value_length", _U32, 16),
        ("general.tags", ARRAY, (_TEXT, ["chat", "tiny"])),
        ("tokenizer.ggml.add_eos_token", _BOOL, False),
    ):
        content = with_key(content, key, kind, value)
    return content
