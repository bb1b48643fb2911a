"""The family of a model in words for people, from its header. Pure; any thread."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from desktop.domain.model import GgufInfo
from desktop.models.gguf_faults import shown

# Architectures that belong to one family. Others are shared by many ("llama"), and then the file's
# own name says more.
_FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bert": "BERT",
        "chatglm": "GLM",
        "cohere2": "Command",
        "command-r": "Command",
        "deepseek": "DeepSeek",
        "deepseek2": "DeepSeek",
        "ernie4_5": "ERNIE 4.5",
        "ernie4_5-moe": "ERNIE 4.5",
        "exaone": "EXAONE",
        "exaone4": "EXAONE 4",
        "falcon": "Falcon",
        "falcon-h1": "Falcon H1",
        "gemma": "Gemma 1",
        "gemma-embedding": "Embedding Gemma",
        "gemma2": "Gemma 2",
        "gemma3": "Gemma 3",
        "gemma3n": "Gemma 3n",
        "gemma4": "Gemma 4",
        "glm4": "GLM",
        "glm4moe": "GLM",
        "gpt-oss": "gpt-oss",
        "gpt2": "GPT-2",
        "granite": "Granite",
        "granitehybrid": "Granite",
        "granitemoe": "Granite",
        "grok": "Grok",
        "hunyuan-dense": "Hunyuan",
        "hunyuan-moe": "Hunyuan",
        "internlm2": "InternLM",
        "jamba": "Jamba",
        "lfm2": "LFM2",
        "lfm2moe": "LFM2",
        "llama4": "Llama",
        "mamba": "Mamba",
        "mamba2": "Mamba",
        "minicpm": "MiniCPM",
        "minicpm3": "MiniCPM",
        "mistral3": "Mistral",
        "mistral4": "Mistral",
        "modern-bert": "ModernBERT",
        "nemotron": "Nemotron",
        "nemotron_h": "Nemotron",
        "nemotron_h_moe": "Nemotron",
        "nomic-bert": "Nomic Embed",
        "nomic-bert-moe": "Nomic Embed",
        "olmo": "OLMo",
        "olmo2": "OLMo",
        "olmoe": "OLMo",
        "phi2": "Phi",
        "phi3": "Phi",
        "phimoe": "Phi",
        "qwen": "Qwen",
        "qwen2": "Qwen2.5",
        "qwen2moe": "Qwen2.5",
        "qwen2vl": "Qwen2.5",
        "qwen3": "Qwen3",
        "qwen35": "Qwen3.5",
        "qwen35moe": "Qwen3.5",
        "qwen3moe": "Qwen3",
        "qwen3next": "Qwen3",
        "qwen3vl": "Qwen3",
        "qwen3vlmoe": "Qwen3",
        "rwkv6": "RWKV",
        "rwkv7": "RWKV",
        "seed_oss": "Seed-OSS",
        "smollm3": "SmolLM",
        "stablelm": "StableLM",
        "starcoder2": "StarCoder",
    }
)
# Families whose files say "llama" for their architecture, by what their names begin with.
_NAMED: Final = (
    (re.compile(r"(?:meta[-_ ]?)?(?:code)?llama", re.IGNORECASE), "Llama"),
    (
        re.compile(r"(?:mi[sx]tral|ministral|codestral|devstral|magistral)", re.IGNORECASE),
        "Mistral",
    ),
    (re.compile(r"smollm", re.IGNORECASE), "SmolLM"),
    (re.compile(r"deepseek", re.IGNORECASE), "DeepSeek"),
    (re.compile(r"yi[-_ ]", re.IGNORECASE), "Yi"),
    (re.compile(r"falcon", re.IGNORECASE), "Falcon"),
)


def family_of(info: GgufInfo) -> str:
    """Return the family: "Gemma 2", "Llama"; what the file calls its base where none is known."""
    known = _FAMILIES.get(info.architecture)
    if known is not None:
        return known
    for text in (info.metadata.get("general.basename"), info.name):
        if isinstance(text, str) and text:
            for pattern, family in _NAMED:
                if pattern.match(text):
                    return family
    base = info.metadata.get("general.basename")
    if isinstance(base, str) and base.strip():
        return shown(base.replace("-", " ").replace("_", " "))
    return "" if info.architecture == "llama" else shown(info.architecture)
