"""What a batch of several tokens costs, measured while answers are written. Engine process only.

Reading the weights is most of the work, and one reading serves every token of a batch; how far that
goes depends on the machine, the model and what else runs. So it is taken from the decodes that
happen anyway.
"""

from collections import deque
from typing import Final

# Until measured: 2-core x86-64, Gemma 2 2B, Q4_K_M; tokens of the batch against time.
_PROCESSOR: Final = ((1, 1.0), (2, 1.35), (4, 1.45), (8, 2.45), (16, 4.5))
_GPU: Final = ((1, 1.0), (8, 1.2), (16, 1.5))
_REMEMBERED: Final = 5
_ENOUGH: Final = 2
_STALE_AFTER: Final = 256


class BatchCost:
    """Relative cost of batches by their number of tokens; a stall now and then does not count."""

    def __init__(self, *, gpu: bool) -> None:
        """Begin with what is usual."""
        self._usual = _GPU if gpu else _PROCESSOR
        self._seconds: dict[int, deque[float]] = {}
        self._singles: dict[int, int] = {}

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn how long a batch took that only wrote."""
        self._seconds.setdefault(tokens, deque(maxlen=_REMEMBERED)).append(seconds)
        self._singles[tokens] = 0
        if tokens != 1:
            return
        for size in list(self._singles):
            self._singles[size] += 1
            if self._singles[size] > _STALE_AFTER:
                # The machine may have been busy then; better ask anew than believe it for ever.
                del self._singles[size], self._seconds[size]

    def relative(self, tokens: int) -> float:
        """Return the cost of a batch of `tokens`, a single token's being 1."""
        one, many = self._seconds.get(1, ()), self._seconds.get(tokens, ())
        if len(one) >= _ENOUGH and len(many) >= _ENOUGH:
            return max(1.0, min(many) / min(one))
        return self._guess(tokens)

    def _guess(self, tokens: int) -> float:
        (size, cost), *rest = self._usual
        for next_size, next_cost in rest:
            if tokens <= next_size:
                share = (tokens - size) / (next_size - size)
                return cost + share * (next_cost - cost)
            size, cost = next_size, next_cost
        return cost * tokens / size
