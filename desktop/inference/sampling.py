"""The sampler chain of one request. Runs inside the engine process.

Order as in llama.cpp's own tools: biases and grammar, penalties, DRY, top-k, top-p, min-p, XTC,
temperature, then the draw. Mirostat takes the place of everything between penalties and draw.
"""

import ctypes
import math
from collections.abc import Sequence
from typing import Any, Final

from msgspec import structs

from desktop.inference.candidates import candidates
from desktop.inference.messages import Sampling
from desktop.inference.runtime import Runtime

_PENALTY_WINDOW: Final = 64
_DRY_WINDOW: Final = 1024
_DRY_BREAKERS: Final = (b"\n", b":", b'"', b"*")
_MIROSTAT_CANDIDATES: Final = 100
# The largest 32-bit number tells llama.cpp to draw a seed itself.
_SEEDS: Final = 0xFFFFFFFF
# Beyond these, sums of 32-bit floats become infinite or no number, and llama.cpp sorts by them.
_COLDEST: Final = 1e-3
_HOTTEST: Final = 1e3
_STRONGEST: Final = 1e3
_STRONGEST_BIAS: Final = 1e6
_MOST: Final = 1 << 20


class SamplerRefused(Exception):
    """llama.cpp does not take the grammar, or no token of the model fits it at this place."""


class Sampler:
    """Owns a native chain; freed once, by `close`. `greedy`: nothing is drawn."""

    def __init__(
        self, runtime: Runtime, order: Sampling, grammar: str, prompt: Sequence[int]
    ) -> None:
        """Build the chain; `prompt` gives the penalties something to look back on.

        `grammar` is checked GBNF with the rule `root`, or empty. Raises SamplerRefused.
        """
        self._lib = runtime.lib
        self._runtime = runtime
        order = _bounded(order)
        lib = runtime.lib
        self.chain: Any = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        self._looks_first = False
        self._best_two: Any = None
        self._bias(order.logit_bias)
        if grammar:
            self._constrain(grammar)
        looks_back = self._penalise(order)
        self.greedy = order.temperature <= 0
        if self.greedy:
            self._add(lib.llama_sampler_init_greedy())
        elif order.mirostat:
            self._mirostat(order)
        else:
            self._filter(order)
        # The prompt is no part of what a grammar describes, so penalties get it before that is on.
        for token in prompt[-_DRY_WINDOW:] if looks_back else ():
            for sampler in self._looking_back:
                lib.llama_sampler_accept(sampler, token)

    def choose(self, row: int) -> int:
        """Choose and accept the token after row `row` of the last batch; raises SamplerRefused."""
        if not self._looks_first:
            return int(self._lib.llama_sampler_sample(self.chain, self._runtime.ctx, row))
        # llama.cpp aborts on what a grammar forbids, so it is looked at before it is accepted.
        array = self._judged(row)
        if not 0 <= array.selected < array.size:
            raise SamplerRefused
        entry = array.data[array.selected]
        if not entry.logit > -math.inf:
            raise SamplerRefused
        self._lib.llama_sampler_accept(self.chain, entry.id)
        return int(entry.id)

    def choose_clear(self, row: int, lead: float) -> int | None:
        """Choose greedily and accept; None, and nothing accepted, where that is a close thing.

        It is where the best token is ahead of the next one by less than `lead`, in logits.
        """
        lib, array = self._lib, self._judged(row)
        if self._best_two is None:
            self._best_two = lib.llama_sampler_init_top_k(2)
        lib.llama_sampler_apply(self._best_two, ctypes.byref(array))
        best = array.data[0]
        if array.size < 2 or not best.logit - array.data[1].logit >= lead:
            return None
        lib.llama_sampler_accept(self.chain, best.id)
        return int(best.id)

    def close(self) -> None:
        """Free what is native; idempotent."""
        for owned in (self.chain, self._best_two):
            if owned is not None:
                self._lib.llama_sampler_free(owned)
        self.chain = self._best_two = None

    def _bias(self, biases: Sequence[tuple[int, float]]) -> None:
        lib, n_vocab = self._lib, self._runtime.n_vocab
        known = [
            (token, bias if bias == -math.inf else _within(bias, -_STRONGEST_BIAS, _STRONGEST_BIAS))
            for token, bias in dict(biases).items()
            if 0 <= token < n_vocab
        ]
        if any(bias == -math.inf for _token, bias in known):
            self._looks_first = True
        if known:
            entries = (lib.llama_logit_bias * len(known))()
            for entry, (token, bias) in zip(entries, known, strict=True):
                entry.token, entry.bias = token, bias
            self._add(lib.llama_sampler_init_logit_bias(n_vocab, len(known), entries))

    def _constrain(self, grammar: str) -> None:
        sampler = self._lib.llama_sampler_init_grammar(
            self._runtime.vocab, grammar.encode(), b"root"
        )
        if not sampler:
            self.close()
            raise SamplerRefused
        self._add(sampler)
        self._looks_first = True

    def _judged(self, row: int) -> Any:
        """Return all tokens after `row`, as a `llama_token_data_array` that went through the chain."""
        room = candidates(self._lib, self._runtime.n_vocab)
        array = room.of(self._runtime.logits(row))
        self._lib.llama_sampler_apply(self.chain, ctypes.byref(array))
        return array

    def _penalise(self, order: Sampling) -> bool:
        lib = self._lib
        self._looking_back: list[Any] = []
        if order.repeat_penalty != 1.0 or order.frequency_penalty or order.presence_penalty:
            self._looking_back.append(
                lib.llama_sampler_init_penalties(
                    self._runtime.n_vocab,
                    _PENALTY_WINDOW,
                    order.repeat_penalty,
                    order.frequency_penalty,
                    order.presence_penalty,
                )
            )
        if order.dry_multiplier > 0:
            breakers = (ctypes.c_char_p * len(_DRY_BREAKERS))(*_DRY_BREAKERS)
            self._looking_back.append(
                lib.llama_sampler_init_dry(
                    self._runtime.vocab,
                    order.dry_multiplier,
                    order.dry_base,
                    order.dry_allowed_length,
                    _DRY_WINDOW,
                    breakers,
                    len(breakers),
                )
            )
        for sampler in self._looking_back:
            self._add(sampler)
        return bool(self._looking_back)

    def _filter(self, order: Sampling) -> None:
        lib, seed = self._lib, order.seed % _SEEDS
        if order.top_k > 0:
            self._add(lib.llama_sampler_init_top_k(order.top_k))
        if order.top_p < 1:
            self._add(lib.llama_sampler_init_top_p(order.top_p, 1))
        if order.min_p > 0:
            self._add(lib.llama_sampler_init_min_p(order.min_p, 1))
        if order.xtc_probability > 0:
            self._add(
                lib.llama_sampler_init_xtc(order.xtc_probability, order.xtc_threshold, 1, seed)
            )
        self._add(lib.llama_sampler_init_temp(order.temperature))
        self._add(lib.llama_sampler_init_dist(seed))

    def _mirostat(self, order: Sampling) -> None:
        lib, seed = self._lib, order.seed % _SEEDS
        self._add(lib.llama_sampler_init_temp(order.temperature))
        if order.mirostat == 1:
            self._add(
                lib.llama_sampler_init_mirostat(
                    self._runtime.n_vocab,
                    seed,
                    order.mirostat_tau,
                    order.mirostat_eta,
                    _MIROSTAT_CANDIDATES,
                )
            )
        else:
            self._add(
                lib.llama_sampler_init_mirostat_v2(seed, order.mirostat_tau, order.mirostat_eta)
            )

    def _add(self, sampler: Any) -> None:
        self._lib.llama_sampler_chain_add(self.chain, sampler)


def _within(value: float, low: float, high: float, otherwise: float = 0.0) -> float:
    """Return `value` or the nearer bound; `otherwise` for what is no number."""
    return otherwise if math.isnan(value) else max(low, min(high, value))


def _bounded(order: Sampling) -> Sampling:
    """Return `order` with values that native code can calculate with, whoever sent them."""
    return structs.replace(
        order,
        temperature=0.0
        if order.temperature < _COLDEST
        else _within(order.temperature, 0, _HOTTEST),
        top_k=min(order.top_k, _MOST),
        top_p=_within(order.top_p, 0, 1, 1),
        min_p=_within(order.min_p, 0, 1),
        repeat_penalty=_within(order.repeat_penalty, 1 / _STRONGEST, _STRONGEST, 1),
        frequency_penalty=_within(order.frequency_penalty, -_STRONGEST, _STRONGEST),
        presence_penalty=_within(order.presence_penalty, -_STRONGEST, _STRONGEST),
        mirostat_tau=_within(order.mirostat_tau, 0, 100),
        mirostat_eta=_within(order.mirostat_eta, 0, 1),
        dry_multiplier=_within(order.dry_multiplier, 0, _STRONGEST),
        dry_base=_within(order.dry_base, 1, 100, 1),
        dry_allowed_length=int(_within(order.dry_allowed_length, 0, _DRY_WINDOW)),
        xtc_probability=_within(order.xtc_probability, 0, 1),
        xtc_threshold=_within(order.xtc_threshold, 0, 1),
    )
