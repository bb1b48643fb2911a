"""What a model is called under its answers: "Gemma 2 2B · Q4_K_M" of the name of its file.

The file may be long gone, so that nothing but the name that was kept with the answer is asked.
GUI thread.
"""

import re

from desktop.domain.connection import FOUND_NAME
from desktop.domain.split import split_stem
from desktop.domain.text import Text, printable, shortened
from desktop.hub.file_names import quantisation_label, stem
from desktop.models.library import GUIDE_NAME
from desktop.services.server_names import read_name
from desktop.ui.translation import say

__all__ = ["GAP", "bare_name", "cut_inside", "model_words"]

GAP = " · "
_MOST = 48
_NOISE = frozenset({"it", "instruct", "chat", "gguf", "hf", "meta", "imat", "ud"})
_SPELT = {
    "deepseek": "DeepSeek",
    "glm": "GLM",
    "gpt-oss": "gpt-oss",
    "lfm2": "LFM2",
    "moe": "MoE",
    "olmo": "OLMo",
    "qat": "QAT",
    "smollm": "SmolLM",
    "smollm2": "SmolLM2",
    "smollm3": "SmolLM3",
    "tinyllama": "TinyLlama",
}
_BETWEEN = re.compile(r"(?<!gpt)-|-(?!oss)|[_\s]+", re.IGNORECASE)
_SIZE = re.compile(r"(?:\d+x)?\d+(?:\.\d+)?[bmk]|[ae]\d+(?:\.\d+)?b")
_VERSION = re.compile(r"v\d[\d.]*")


def model_words(name: str) -> str:
    """Return the model and its quantisation; empty for an empty `name`."""
    if name == GUIDE_NAME:
        return say(Text("Built-in guide"))
    served = read_name(name)
    if served is not None and served.model:
        # As its server calls it: nothing of it is ours to spell.
        where = "Ollama" if served.connection == FOUND_NAME else served.connection
        return f"{shortened(printable(served.model, ' '), _MOST)}{GAP}{printable(where, ' ')}"
    file = printable(stem(name.replace("\\", "/")), " ")
    split = split_stem(file)
    file = split[0] if split is not None else file
    label = quantisation_label(file)
    upper = file.upper()
    at = max(upper.rfind(label), upper.replace("FP", "F").rfind(label)) if label else -1
    if at <= 0:
        return shortened(" ".join(_words(file)), _MOST)
    return f"{shortened(' '.join(_words(file[:at])), _MOST)}{GAP}{label}"


def cut_inside(name: str, most: int) -> str:
    """Return `name`, or both its ends in `most` characters: files of one model differ at the end."""
    if len(name) <= most:
        return name
    end = (most - 1) // 2
    return f"{name[: most - 1 - end]}…{name[len(name) - end :]}"


def bare_name(name: str) -> str:
    """Return how `model_words` begins: the model, without its quantisation or its server."""
    words = model_words(name)
    return words.rpartition(GAP)[0] or words


def _words(name: str) -> list[str]:
    """Return the words of a file's name as people write them, without those that say nothing."""
    found = [word for word in _BETWEEN.split(name.strip("-_. ")) if word]
    kept = [word for word in found if word.lower() not in _NOISE]
    return [_spelt(word) for word in kept or found or [name]]


def _spelt(word: str) -> str:
    lower = word.lower()
    if _SIZE.fullmatch(lower):
        return word.upper().replace("X", "x")
    if _VERSION.fullmatch(lower):
        return word
    known = _SPELT.get(lower)
    return known if known is not None else word[:1].upper() + word[1:]
