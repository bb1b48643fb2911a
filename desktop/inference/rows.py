"""The tokens of a batch in columns, as llama.cpp takes them. Engine process, main thread.

A column goes into native memory as a whole: an object for each token would cost as much time as a
small model needs for several of them.
"""

import ctypes
from collections.abc import Sequence
from typing import Any


class Rows:
    """Tokens to decode together: each one's place and sequence, and whether logits are wanted."""

    __slots__ = ("logits", "positions", "sequences", "tokens")

    def __init__(self) -> None:
        """Begin empty; the four columns are of one length."""
        self.tokens: list[int] = []
        self.positions: list[int] = []
        self.sequences: list[int] = []
        self.logits: list[bool] = []

    def __len__(self) -> int:
        """Return how many tokens there are."""
        return len(self.tokens)

    def add(self, tokens: Sequence[int], begin: int, sequence: int, *, logits: bool) -> None:
        """Add `tokens`, which stand in `sequence` from position `begin` on."""
        count = len(tokens)
        self.tokens += tokens
        self.positions += range(begin, begin + count)
        self.sequences += [sequence] * count
        self.logits += [logits] * count


class NativeBatch:
    """A `llama_batch` with room for `size` tokens, of one sequence each."""

    def __init__(self, lib: Any, size: int) -> None:
        """Take the memory; it lives as long as this object."""
        self._tokens = (lib.llama_token * size)()
        self._positions = (lib.llama_pos * size)()
        self._sequences = (lib.llama_seq_id * size)()
        self._logits: Any = (ctypes.c_int8 * size)()
        lone = ctypes.POINTER(lib.llama_seq_id)
        cell = ctypes.sizeof(lib.llama_seq_id)
        begin = ctypes.addressof(self._sequences)
        self._native = lib.llama_batch(
            0,
            self._tokens,
            None,
            self._positions,
            (ctypes.c_int32 * size)(*[1] * size),
            (lone * size)(*(ctypes.cast(begin + cell * row, lone) for row in range(size))),
            self._logits,
        )

    def of(self, rows: Rows) -> Any:
        """Return the `llama_batch` that holds `rows`, at most `size` of them."""
        count = len(rows)
        self._tokens[:count] = rows.tokens
        self._positions[:count] = rows.positions
        self._sequences[:count] = rows.sequences
        self._logits[:count] = rows.logits
        self._native.n_tokens = count
        return self._native
