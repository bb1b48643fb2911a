"""How many tokens of a prompt are read at once. Engine process, main thread.

More at once is a little faster and holds up whoever wants to stop, or is being answered meanwhile.
On the processor a stop is noticed between operations, and the sizes are constants. A GPU works a
whole batch off before anybody can stop it, so there the size follows the time a batch takes.

On the processor flash attention takes 64 rows and more in tiles, and fewer one by one, which after a
long text costs several times as much. So a prompt is not cut where a small rest would be left, and
a batch that is small all the same is filled up with rows that nobody looks at, where that is sooner.
"""

from typing import Final

WHOLE_CHUNK: Final = 128
"""Tokens read at once where an answer must come out the same again, from the beginning on."""
_PROCESSOR_ALONE: Final = 128
_PROCESSOR_BESIDE: Final = 64
# llama.cpp's `GGML_FA_TILE_Q`.
_TILE: Final = 64
# In a tile, attention to a token costs a row a quarter at most of what it costs a row by itself.
_IN_TILE: Final = 1 / 4
# Filling up must promise this much before it is done.
_WORTH: Final = 1.1
_GPU_LEAST: Final = 32
# Seconds: a stop must be through within 0.1.
_GPU_TOO_LONG: Final = 0.08
_GPU_SHORT: Final = 0.03


class ProcessorChunks:
    """Constants, bounded by the batch size of the plan."""

    def __init__(self, n_batch: int, lone_attention: float) -> None:
        """`n_batch` tokens fit into a batch.

        `lone_attention` is what attention to one token costs a row by itself, relative to all else
        that is computed for the row; 0 where rows are not computed by themselves.
        """
        self.n_batch = n_batch
        self._lone_attention = lone_attention

    def size(self, *, beside: bool) -> int:
        """Return the tokens to read at once, `beside` answers being written or alone."""
        return min(_PROCESSOR_BESIDE if beside else _PROCESSOR_ALONE, self.n_batch)

    def part(self, missing: int, size: int) -> int:
        """Return how many of `missing` tokens to read now, where at most `size` may be."""
        if 0 < missing - size < _TILE <= missing // 2:
            return missing // 2
        return min(missing, size)

    def filling(self, rows: int, length: int) -> int:
        """Return how many rows to add to a batch of `rows` that ends a text of `length` tokens."""
        if rows >= _TILE or self.n_batch < _TILE:
            return 0
        attention = self._lone_attention * length
        tile = _TILE * (1 + _IN_TILE * attention)
        return _TILE - rows if rows * (1 + attention) > _WORTH * tile else 0

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

    def part(self, missing: int, size: int) -> int:
        """Return how many of `missing` tokens to read now, where at most `size` may be."""
        return min(missing, size)

    def filling(self, rows: int, length: int) -> int:  # noqa: ARG002 - a card needs none
        """Return how many rows to add to a batch."""
        return 0

    def took(self, tokens: int, seconds: float) -> None:
        """Learn from a batch of prompt tokens."""
        if seconds > _GPU_TOO_LONG:
            self._size = min(self.n_batch, max(_GPU_LEAST, self._size // 2))
        elif seconds < _GPU_SHORT and tokens >= self._size:
            self._size = min(self.n_batch, self._size * 2)
