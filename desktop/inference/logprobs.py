"""How likely a token was, and which others could have come. Engine process only."""

import ctypes
import math

from desktop.inference.candidates import candidates
from desktop.inference.messages import Logprobs, TokenChance
from desktop.inference.runtime import Runtime

# More would make reports that are longer than the pipe takes.
_MOST = 1000


def logprobs(runtime: Runtime, request: int, row: int, chosen: int, top: int) -> Logprobs:
    """Return the chance of `chosen` after `row` of the last batch, and the `top` likeliest ones.

    Probabilities are the model's own, before any sampler changed them.
    """
    scores = runtime.logits(row)
    likeliest, whole = _likeliest(runtime, scores, max(0, min(top, _MOST)))

    def chance(token: int) -> TokenChance:
        text = runtime.piece(token, special=True).decode("utf-8", "replace")
        return TokenChance(text=text, logprob=float(scores[token]) - whole)

    return Logprobs(id=request, chosen=chance(chosen), top=[chance(token) for token in likeliest])


def _likeliest(runtime: Runtime, scores: object, count: int) -> tuple[list[int], float]:
    """Return `count` tokens, the likeliest first, and the logarithm of all their weights together.

    llama.cpp's samplers do the sums: one gives each token its probability, the other puts the
    likeliest first.
    """
    lib = runtime.lib
    array = candidates(lib, runtime.n_vocab).of(scores)
    for sampler in (lib.llama_sampler_init_dist(0), lib.llama_sampler_init_top_k(max(1, count))):
        lib.llama_sampler_apply(sampler, ctypes.byref(array))
        lib.llama_sampler_free(sampler)
    first = array.data[0]
    tokens = [int(array.data[place].id) for place in range(min(count, array.size))]
    # A damaged model has scores that are no numbers, and nothing can be said of its chances.
    return tokens, float(first.logit) - math.log(first.p) if first.p > 0 else math.nan
