"""What a batch of several tokens costs, measured while answers are written. Engine process only.

Reading the weights is most of the work, and one reading serves every token of a batch; how far that
goes depends on the machine, the model and what else runs. So it is taken from the decodes that
happen anyway, but where an answer must come out the same again. Attention to the text so far is
not shared: each row pays it, and after a long text that is much of the cost.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

# Until measured: tokens of the batch against time. Repacked weights are multiplied four rows at a
# time, so four tokens cost less than three (2-core x86-64, Gemma 2 2B and Llama 1B, Q4_K_M, two and
# three with the kernels of Lapis).
_REPACKED: Final = (
    (1, 1.0),
    (2, 1.25),
    (3, 1.6),
    (4, 1.5),
    (5, 2.1),
    (6, 2.5),
    (8, 2.6),
    (16, 4.5),
)
_PLAIN: Final = ((1, 1.0), (2, 1.5), (3, 2.1), (4, 2.7), (8, 4.9))
_GPU: Final = ((1, 1.0), (8, 1.2), (16, 1.5))
# How long a token by itself takes, for which all weights are read, relative to a row among many.
_ALONE: Final = 7
# Tokens: more are not asked about, for nobody guesses for so many answers at once.
_MOST: Final = 128
# Tokens: so much more text changes little, and the cost is asked for with each token.
_ABOUT: Final = 64
_REMEMBERED: Final = 5
_ENOUGH: Final = 2
_STALE_AFTER: Final = 256


class BatchCost:
    """Relative cost of batches by their number of tokens; a stall now and then does not count."""

    def __init__(self, *, gpu: bool, repacked: bool, lone_attention: float) -> None:
        """Begin with what is usual on a GPU, or for weights `repacked` for the processor.

        `lone_attention` as for `chunks.ProcessorChunks`; 0 on a GPU.
        """
        known = _GPU if gpu else _REPACKED if repacked else _PLAIN
        # Asked for several times a token.
        self._weights = [_between(known, tokens) for tokens in range(_MOST + 1)]
        self._attention = lone_attention / _ALONE
        self._usual: dict[tuple[int, int, int], Sequence[float]] = {}
        self._seconds: dict[int, deque[float]] = {}
        self._observed = 0
        self._seen_at: dict[int, int] = {}

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn how long a batch took that only wrote."""
        self._seconds.setdefault(tokens, deque(maxlen=_REMEMBERED)).append(seconds)
        self._observed += 1
        self._seen_at[tokens] = self._observed

    def relative(self, tokens: int) -> float:
        """Return the cost of a batch of `tokens`, a single token's being 1."""
        if self._observed - self._seen_at.get(tokens, 0) > _STALE_AFTER:
            # The machine may have been busy then; better ask anew than believe it for ever.
            self._seconds.pop(tokens, None)
        one, many = self._seconds.get(1, ()), self._seconds.get(tokens, ())
        if len(one) >= _ENOUGH and len(many) >= _ENOUGH:
            return max(1.0, min(many) / min(one))
        return self._weights[min(tokens, _MOST)]

    def of_guesses(self, beside: int, most: int) -> Sequence[float]:
        """Return what none and up to `most` guesses cost, added to `beside` tokens; none being 1."""
        costs = [self.relative(beside + guesses) for guesses in range(most + 1)]
        return [cost / costs[0] for cost in costs]

    def usual_of_guesses(self, beside: int, most: int, length: int) -> Sequence[float]:
        """Return the same after a text of `length` on a usual machine: the same at any time."""
        about = length // _ABOUT
        key = beside, most, about
        known = self._usual.get(key)
        if known is None:
            attention = self._attention * about * _ABOUT
            costs = [
                self._weights[min(beside + guesses, _MOST)] + (beside + guesses) * attention
                for guesses in range(most + 1)
            ]
            known = self._usual[key] = [cost / costs[0] for cost in costs]
        return known


def _between(known: Sequence[tuple[int, float]], tokens: int) -> float:
    """Return the cost of `tokens` from those that are `known`, the first of which is of one."""
    (size, cost), *rest = known
    for next_size, next_cost in rest:
        if tokens <= next_size:
            share = (tokens - size) / (next_size - size)
            return cost + share * (next_cost - cost)
        size, cost = next_size, next_cost
    return cost * tokens / size
