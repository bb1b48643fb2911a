"""Every token with its score, as llama.cpp's samplers take them. Engine process only.

They are filled in with the standard library, which knows memory in strides: a library for numbers
would be the largest part of what Lapis is shipped with.
"""

import ctypes
import functools
from array import array
from typing import Any, Final

__all__ = ["candidates"]

# Of `llama_token_data`: id, logit, p, four bytes each.
_FIELDS: Final = 3


class Candidates:
    """Room for the scores of `count` tokens, used again for each batch."""

    def __init__(self, lib: Any, count: int) -> None:
        """`lib` are the low-level bindings; takes 24 bytes for each token."""
        self._lib = lib
        self._count = count
        blank = bytearray(ctypes.sizeof(lib.llama_token_data) * count)
        memoryview(blank).cast("i")[::_FIELDS] = memoryview(array("i", range(count)))
        self._blank = bytes(blank)
        self._room = blank
        self._scores = memoryview(self._room).cast("f")[1::_FIELDS]
        self._entries = (lib.llama_token_data * count).from_buffer(self._room)

    def of(self, logits: Any) -> Any:
        """Return all tokens in order, as a `llama_token_data_array`, with the native `logits`.

        Valid until the next call; samplers change the order and the number of those in it.
        """
        self._room[:] = self._blank
        self._scores[:] = memoryview(ctypes.string_at(logits, 4 * self._count)).cast("f")
        first = ctypes.cast(self._entries, ctypes.POINTER(self._lib.llama_token_data))
        return self._lib.llama_token_data_array(first, self._count, -1, False)


@functools.lru_cache(maxsize=1)
def candidates(lib: Any, count: int) -> Candidates:
    """Return the same room for each token of all answers; one model is loaded at a time."""
    return Candidates(lib, count)
