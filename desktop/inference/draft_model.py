"""A small model that guesses what a large one will say. Engine process, main thread.

It must share the large model's vocabulary. It has a context of its own with one sequence per slot,
and follows each conversation only as far as it is asked to guess for it.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import structs

from desktop.inference.interrupt import Interrupt
from desktop.inference.kv_memory import KvMemory
from desktop.inference.load_order import Load
from desktop.inference.loading import LoadError, ModelParameters, context_parameters
from desktop.inference.prefix import common_prefix
from desktop.inference.rows import NativeBatch, Rows

_CHUNK: Final = 128
_PLAIN: Final = "f16"
_DONE: Final = 0
_NO_ROOM: Final = 1
# Calls to let pass before another try, when there was no room.
_REST: Final = 256


def _context(lib: Any, model: Any, order: Load, n_ctx: int) -> Any:
    """Return a context of `n_ctx` tokens, null where llama.cpp refuses."""
    own = context_parameters(lib, order, n_ctx)
    own.n_ctx = n_ctx
    own.n_outputs_max = order.slots
    return lib.llama_init_from_model(model, own)


class DraftModel:
    """A second model and its context; freed with the process."""

    trust: Final = 0.6

    def __init__(
        self,
        lib: Any,
        order: Load,
        parameters: ModelParameters,
        *,
        vocabulary: int,
        n_ctx: int,
        interrupt: Interrupt,
    ) -> None:
        """Load `order.draft_model` for a model of `vocabulary` tokens; raises LoadError.

        `n_ctx` tokens is the context of the large model; `interrupt` stops it.
        """
        self._lib = lib
        self._model = lib.llama_model_load_from_file(order.draft_model, parameters.native)
        if not self._model:
            raise LoadError("draft", "not loaded")
        words = lib.llama_model_get_vocab(self._model)
        if lib.llama_vocab_n_tokens(words) != vocabulary:
            raise LoadError("draft", "another vocabulary")
        self._ctx = _context(lib, self._model, order, n_ctx)
        if not self._ctx and order.kv_type != _PLAIN:
            # Its heads may be too narrow for the blocks of a smaller cache.
            plain = structs.replace(order, kv_type=_PLAIN)
            self._ctx = _context(lib, self._model, plain, n_ctx)
        if not self._ctx:
            raise LoadError("memory", "draft model")
        try:
            self._memory = KvMemory(lib, self._model, self._ctx)
        except ValueError:
            raise LoadError("draft", "no memory") from None
        if not self._memory.cuttable:
            raise LoadError("draft", "its memory cannot be cut")
        self.size = int(lib.llama_model_size(self._model))
        self._n_ctx = n_ctx
        self._batch = NativeBatch(lib, _CHUNK)
        self._greedy = lib.llama_sampler_init_greedy()
        self._known: dict[int, list[int]] = {}
        self._resting: dict[int, int] = {}
        interrupt.attach(lib, self._ctx)

    def draft(self, sequence: int, text: Sequence[int], length: int) -> list[int]:
        """Return `length` tokens that may follow `text`.

        None when interrupted, out of room, or while a long text is still being read: one chunk of
        it a call, because all answers wait for that.
        """
        if len(text) + length > self._n_ctx or not self._follow(sequence, text):
            return []
        guesses: list[int] = []
        known = self._known[sequence]
        while True:
            guesses.append(int(self._lib.llama_sampler_sample(self._greedy, self._ctx, -1)))
            if len(guesses) == length:
                return guesses
            if not self._decode(sequence, guesses[-1:], len(known)):
                return guesses
            known.append(guesses[-1])

    def set_threads(self, threads: int) -> None:
        """Compute with so many threads from now on."""
        self._lib.llama_set_n_threads(self._ctx, threads, threads)

    def _follow(self, sequence: int, text: Sequence[int]) -> bool:
        """Bring a sequence to `text`, with the scores after its last token at hand."""
        if self._resting.get(sequence, 0) > 0:
            self._resting[sequence] -= 1
            return False
        known = self._known.setdefault(sequence, [])
        shared = min(common_prefix(known, text), len(text) - 1)
        shared = self._memory.keep(sequence, shared)
        del known[shared:]
        chunk = list(text[shared : shared + _CHUNK])
        if not self._decode(sequence, chunk, shared):
            return False
        known.extend(chunk)
        return len(known) == len(text)

    def _decode(self, sequence: int, tokens: list[int], begin: int) -> bool:
        rows = Rows()
        rows.add(tokens, begin, sequence, logits=False)
        rows.logits[-1] = True
        status = self._lib.llama_decode(self._ctx, self._batch.of(rows))
        if status == _DONE:
            return True
        if status == _NO_ROOM:
            # Most of the others are conversations that have ended.
            for other in self._known.keys() - {sequence}:
                self._memory.keep(other, 0)
                self._known[other].clear()
            self._resting[sequence] = _REST
        known = self._known[sequence]
        del known[self._memory.keep(sequence, len(known)) :]
        return False
