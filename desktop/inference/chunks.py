"""How many tokens of a prompt are read at once. Engine process, main thread.

More at once is a little faster and holds up whoever wants to stop, or is being answered meanwhile.
On the processor a stop is noticed between operations, and the sizes are constants: flash attention
rounds alike for 64 and more. A GPU works a whole batch off before anybody can stop it, so there the
size follows the time a batch takes.
"""

from typing import Final

WHOLE_CHUNK: Final = 128
"""Tokens read at once where an answer must come out the same again, from the beginning on."""
_PROCESSOR_ALONE: Final = 128
_PROCESSOR_BESIDE: Final = 64
_GPU_LEAST: Final = 32
# Seconds: a stop must be through within 0.1.
_GPU_TOO_LONG: Final = 0.08
_GPU_SHORT: Final = 0.03


class ProcessorChunks:
    """Constants, bounded by the batch size of the plan."""

    def __init__(self, n_batch: int) -> None:
        """`n_batch` tokens fit into a batch."""
        self.n_batch = n_batch

    def size(self, *, beside: bool) -> int:
        """Return the tokens to read at once, `beside` answers being written or alone."""
        return min(_PROCESSOR_BESIDE if beside else _PROCESSOR_ALONE, self.n_batch)

    def took(self, tokens: int, seconds: float) -> None:
        """Hear how long a batch took; constants do not care."""


class GpuChunks:
    """As much as can be read before a stop would be late."""

    def __init__(self, n_batch: int) -> None:
        """`n_batch` tokens fit into a batch."""
        self.n_batch = self._size = n_batch

    def size(self, *, beside: bool) -> int:
        """Return the tokens to read at once."""
        return min(self.n_batch, max(_GPU_LEAST, self._size // 2)) if beside else self._size

    def took(self, tokens: int, seconds: float) -> None:
        """Learn from a batch of prompt tokens."""
        if seconds > _GPU_TOO_LONG:
            self._size = min(self.n_batch, max(_GPU_LEAST, self._size // 2))
        elif seconds < _GPU_SHORT and tokens >= self._size:
            self._size = min(self.n_batch, self._size * 2)
