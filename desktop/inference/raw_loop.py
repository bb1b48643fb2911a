"""llama.cpp's bare loop over its C API: what Lapis is measured against. Engine process, main thread.

Nothing but `llama_decode` and a greedy sampler on a context of its own, with llama.cpp's usual
batch of 512 tokens; no slots, no text, no events, no way to stop.
"""

import time
from typing import Any

from desktop.inference.messages import RawLoop, RawLooped
from desktop.inference.rows import NativeBatch, Rows
from desktop.inference.runtime import Runtime

_BATCH = 512
_FIRST_TOKEN = 100


class BareLoop:
    """Runs the loop, and keeps one context where an order asks for it."""

    def __init__(self, runtime: Runtime) -> None:
        """Take the loaded model; no memory is taken yet."""
        self._runtime = runtime
        self._kept: _Context | None = None

    def run(self, order: RawLoop) -> RawLooped:
        """Read made-up tokens, then write `order.answer_tokens`; return the seconds each took.

        A prompt that an order of the same size has kept is not read again: that takes 0 seconds.
        Where a memory cannot be cut back to the prompt, nothing is kept. Raises MemoryError when
        there is no room for the second context.
        """
        context = self._kept if self._kept and self._kept.size == _size(order) else None
        if context is not None:
            self._kept = None
        else:
            context = _Context(self._runtime, order)
        can_go_on = False
        try:
            prompt_seconds = context.read()
            times = context.write(order.answer_tokens)
            can_go_on = order.keeps and context.cut_back()
        finally:
            if not can_go_on:
                context.free()
        if can_go_on:
            if self._kept is not None:
                self._kept.free()
            self._kept = context
        return RawLooped(id=order.id, prompt_seconds=prompt_seconds, token_seconds=times)


def _size(order: RawLoop) -> tuple[int, int]:
    return order.prompt_tokens, order.answer_tokens


class _Context:
    """A context of its own on the loaded model, with one made-up prompt."""

    def __init__(self, runtime: Runtime, order: RawLoop) -> None:
        lib = self._lib = runtime.lib
        self.size = _size(order)
        self._is_read = False
        span = max(1, runtime.n_vocab - _FIRST_TOKEN - 1)
        self._prompt = [_FIRST_TOKEN + 7919 * place % span for place in range(order.prompt_tokens)]
        self._ctx = lib.llama_init_from_model(runtime.model, _parameters(runtime, order))
        if not self._ctx:
            raise MemoryError
        self._sampler = lib.llama_sampler_init_greedy()
        self._batch = NativeBatch(lib, _BATCH)

    def read(self) -> float:
        """Read the prompt unless that was done; return the seconds it took."""
        if self._is_read:
            return 0.0
        started = time.perf_counter()
        for begin in range(0, len(self._prompt), _BATCH):
            chunk = self._prompt[begin : begin + _BATCH]
            self._decode(chunk, begin, last=begin + len(chunk) == len(self._prompt))
        # A graphics card may still be at it.
        self._lib.llama_synchronize(self._ctx)
        self._is_read = True
        return time.perf_counter() - started

    def write(self, count: int) -> list[float]:
        """Write `count` tokens after the prompt; return the seconds of each."""
        times: list[float] = []
        for place in range(len(self._prompt), len(self._prompt) + count):
            started = time.perf_counter()
            token = self._lib.llama_sampler_sample(self._sampler, self._ctx, -1)
            self._decode([token], place, last=True)
            times.append(time.perf_counter() - started)
        return times

    def cut_back(self) -> bool:
        """Forget what came after the prompt; return whether this kind of memory can."""
        memory = self._lib.llama_get_memory(self._ctx)
        return bool(self._lib.llama_memory_seq_rm(memory, 0, len(self._prompt), -1))

    def free(self) -> None:
        """Give the memory back."""
        self._lib.llama_sampler_free(self._sampler)
        self._lib.llama_free(self._ctx)

    def _decode(self, tokens: list[int], begin: int, *, last: bool) -> None:
        rows = Rows()
        rows.add(tokens, begin, 0, logits=False)
        rows.logits[-1] = last
        if self._lib.llama_decode(self._ctx, self._batch.of(rows)) != 0:
            raise MemoryError


def _parameters(runtime: Runtime, order: RawLoop) -> Any:
    lib = runtime.lib
    params = lib.llama_context_default_params()
    params.n_ctx = order.prompt_tokens + order.answer_tokens + 1
    params.n_batch = params.n_ubatch = _BATCH
    params.n_outputs_max = 1
    params.n_threads = params.n_threads_batch = runtime.threads
    params.flash_attn_type = -1
    params.swa_full = False
    params.no_perf = True
    return params
