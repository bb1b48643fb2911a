"""Texts to vectors, with the pooling that the model file asks for. Engine process, main thread."""

import math
from array import array
from collections.abc import Callable
from typing import Any, Final

from desktop.inference.messages import MAX_FRAME, Embed, Embedded, Refused, Report
from desktop.inference.rows import Rows
from desktop.inference.runtime import DecodeStatus, Runtime

_NO_POOLING: Final = 0
_RANKING: Final = 4
# Bytes of a report beside the vectors, and around each of them.
_HEAD: Final = 64
_AROUND: Final = 8


class StopWaits(Exception):
    """A stop has come, for this order or for another one: begin anew once it was dealt with."""


class Embedder:
    """Serves one loaded embedding model, a text at a time."""

    def __init__(self, runtime: Runtime, emit: Callable[[Report], None]) -> None:
        """Serve the model in `runtime`; reports go to `emit`."""
        self._runtime = runtime
        self._emit = emit
        self._width = runtime.lib.llama_model_n_embd_out(runtime.model)
        self._pooling = runtime.lib.llama_pooling_type(runtime.ctx)

    def embed(self, order: Embed) -> None:
        """Answer `order` with vectors, or refuse it as a whole; raises StopWaits."""
        runtime = self._runtime
        if _HEAD + len(order.texts) * (4 * self._width + _AROUND) > MAX_FRAME:
            self._emit(Refused(id=order.id, kind="decode", detail="too many texts at once"))
            return
        prompts = [
            runtime.tokenise(text, add_special=True, parse_special=False) for text in order.texts
        ]
        longest = max(map(len, prompts), default=0)
        if longest > runtime.n_ctx:
            self._emit(
                Refused(
                    id=order.id,
                    kind="overflow",
                    detail="",
                    needed=longest,
                    available=runtime.n_ctx,
                )
            )
            return
        if self._pooling == _RANKING:
            self._emit(Refused(id=order.id, kind="not_embedding", detail="ranking"))
            return
        vectors = []
        for prompt in prompts:
            vector = self._vector(prompt)
            if vector is None:
                self._emit(Refused(id=order.id, kind="decode", detail=""))
                return
            vectors.append(vector)
        self._emit(Embedded(id=order.id, vectors=vectors, prompt_tokens=sum(map(len, prompts))))

    def _vector(self, prompt: list[int]) -> bytes | None:
        """Return one text's vector of length 1; all zeros for an empty text, None on failure.

        Raises StopWaits.
        """
        if not prompt:
            return array("f", bytes(4 * self._width)).tobytes()
        runtime = self._runtime
        runtime.clear_memory()
        rows = Rows()
        rows.add(prompt, 0, 0, logits=True)
        match runtime.decode(rows):
            case DecodeStatus.DONE:
                pass
            case DecodeStatus.ABORTED:
                raise StopWaits
            case _:
                return None
        lib, ctx = runtime.lib, runtime.ctx
        if self._pooling == _NO_POOLING:
            states = [self._row(lib.llama_get_embeddings_ith(ctx, row)) for row in range(len(rows))]
            values = [sum(column) for column in zip(*states, strict=True)]
        else:
            values = self._row(lib.llama_get_embeddings_seq(ctx, 0))
        # Not `fsum`: a broken model's infinities would end the process.
        length = math.sqrt(sum(value * value for value in values)) or 1.0
        vector = array("f", [value / length for value in values])
        return vector.tobytes()

    def _row(self, pointer: Any) -> list[float]:
        return list(pointer[: self._width])
