"""The sampler chain of one request. Runs inside the engine process.

Order as in llama.cpp's own tools: penalties, top-k, top-p, min-p, temperature, then the draw.
"""

from collections.abc import Sequence
from typing import Any

from desktop.inference.messages import Sampling
from desktop.inference.runtime import Runtime

_PENALTY_WINDOW = 64
_SEED_MASK = 0xFFFFFFFF


class Sampler:
    """Owns a native chain; freed once, by `close`."""

    def __init__(self, runtime: Runtime, order: Sampling, prompt: Sequence[int]) -> None:
        """Build the chain; `prompt` gives the repeat penalty something to look back on."""
        lib = runtime.lib
        self._lib = lib
        self.chain: Any = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        if order.repeat_penalty != 1.0:
            self._add(
                lib.llama_sampler_init_penalties(_PENALTY_WINDOW, order.repeat_penalty, 0.0, 0.0)
            )
        if order.temperature <= 0:
            self._add(lib.llama_sampler_init_greedy())
        else:
            if order.top_k > 0:
                self._add(lib.llama_sampler_init_top_k(order.top_k))
            if order.top_p < 1:
                self._add(lib.llama_sampler_init_top_p(order.top_p, 1))
            if order.min_p > 0:
                self._add(lib.llama_sampler_init_min_p(order.min_p, 1))
            self._add(lib.llama_sampler_init_temp(order.temperature))
            self._add(lib.llama_sampler_init_dist(order.seed & _SEED_MASK))
        for token in prompt[-_PENALTY_WINDOW:] if order.repeat_penalty != 1.0 else ():
            lib.llama_sampler_accept(self.chain, token)

    def close(self) -> None:
        """Free the chain; idempotent."""
        if self.chain is not None:
            self._lib.llama_sampler_free(self.chain)
            self.chain = None

    def _add(self, sampler: Any) -> None:
        self._lib.llama_sampler_chain_add(self.chain, sampler)
