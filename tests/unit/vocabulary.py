"""Real vocabularies for tests of prompts: llama.cpp's tokenizer, without a model behind it."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from desktop.inference.bindings import load_bindings
from tests import gguf_files
from tests.gguf_vocabulary import byte_level

_INFILL = ("fim_pre", "fim_suf", "fim_mid")


class RealVocabulary:
    """What a prompt needs of a model, from the vocabulary in a file."""

    def __init__(self, lib: Any, model: Any, template: str | None) -> None:
        """Wrap a loaded `model`."""
        self.template = template
        self._lib = lib
        self._vocab = lib.llama_model_get_vocab(model)

    def tokenise(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Return token ids."""
        data = text.encode()
        room = len(data) + 8
        buffer = (self._lib.llama_token * room)()
        count = self._lib.llama_tokenize(
            self._vocab, data, len(data), buffer, room, add_special, parse_special
        )
        return list(buffer[:count])

    def bos_text(self) -> str:
        """Return the text of the begin-of-sequence token."""
        return self.text([self._lib.llama_vocab_bos(self._vocab)])

    def eos_text(self) -> str:
        """Return the text of the end-of-sequence token."""
        return self.text([self._lib.llama_vocab_eos(self._vocab)])

    def infill_tokens(self) -> tuple[int, int, int] | None:
        """Return the tokens of infill."""
        calls = (getattr(self._lib, f"llama_vocab_{name}") for name in _INFILL)
        before, after, middle = (int(call(self._vocab)) for call in calls)
        return (before, after, middle) if min(before, after, middle) >= 0 else None

    def words(self, tokens: Sequence[int]) -> list[str]:
        """Return tokens as the vocabulary writes them, so that control tokens can be told apart."""
        texts = (self._lib.llama_vocab_get_text(self._vocab, token) for token in tokens)
        return [text.decode() for text in texts]

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of `tokens`, control tokens included."""
        room = 64 + 64 * len(tokens)
        buffer = bytearray(room)
        native = (self._lib.llama_token * len(tokens))(*tokens)
        target = (self._lib.ctypes.c_char * room).from_buffer(buffer)
        count = self._lib.llama_detokenize(
            self._vocab, native, len(tokens), target, room, False, True
        )
        return bytes(buffer[:count]).decode()


@contextlib.contextmanager
def vocabulary(
    folder: Path, template: str | None, controls: Sequence[str], *, infill: bool = False
) -> Iterator[RealVocabulary]:
    """Give a byte-level vocabulary with `controls` as control tokens."""
    roles = {"bos": "<s>", "eos": "</s>"} | {text: text for text in controls}
    if infill:
        roles |= {name: f"<|{name}|>" for name in _INFILL}
    words = byte_level(roles)
    extra: dict[str, object] = {
        "tokenizer.ggml.tokens": list(words.tokens),
        "tokenizer.ggml.token_type": list(words.types),
        "tokenizer.ggml.bos_token_id": words.special["bos"],
        "tokenizer.ggml.eos_token_id": words.special["eos"],
    }
    if infill:
        extra |= {f"tokenizer.ggml.{name}_token_id": words.special[name] for name in _INFILL}
    path = gguf_files.write_llama(folder / "words.gguf", vocabulary="gpt2", extra=extra)
    lib, _ggml = load_bindings()
    quiet = lib.llama_log_callback(lambda _level, _text, _data: None)
    lib.llama_log_set(quiet, None)
    params = lib.llama_model_default_params()
    params.vocab_only = True
    model = lib.llama_model_load_from_file(str(path).encode(), params)
    assert model
    try:
        yield RealVocabulary(lib, model, template)
    finally:
        lib.llama_model_free(model)
        lib.llama_log_set(lib.llama_log_callback(), None)
