"""A model's own heads for the next tokens, as a source of guesses. Engine process, main thread.

Some files hold one more block behind the layers that answer (multi-token prediction, "nextn"). From
the state of the last layer at one token, and the token after it, it says which one follows that. It
has a KV cache of its own, so it reads each conversation along: a token at position p together with
the state at p - 1. What it guessed itself it reads again with the real state once that is known.

The calls are those of llama.cpp's own `draft-mtp` (common/speculative.cpp of llama-cpp-python
0.3.36); four of them are not in its C interface and are found by their C++ names.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from desktop.inference.bindings import load_extension
from desktop.inference.interrupt import Interrupt
from desktop.inference.load_order import Load
from desktop.inference.loading import context_parameters
from desktop.inference.rows import Rows

_CONTEXT_TYPE_MTP: Final = 1
_DECODE: Final = 1
_DONE: Final = 0
_NO_ROOM: Final = 1
_ABORTED: Final = 2
# Tokens that may wait to be read: an answer is read when a guess is wanted, a prompt as it comes.
_WAITING: Final = 128
# A batch of more for one sequence holds no guesses, which may turn out to be wrong.
_MOST_GUESSED: Final = 64


@dataclass(slots=True)
class _Trail:
    """How far the head has read a sequence, and what comes next.

    The tokens before position `read` are in its cache, `last` is the last of them. `tokens` follow,
    each to be read with the state of the same index in `states`; one more state is known than
    tokens, or none while the state at `last` is not known yet.
    """

    read: int
    last: int = -1
    tokens: list[int] = field(default_factory=list[int])
    states: list[bytes] = field(default_factory=list[bytes])


class NextTokenHeads:
    """The heads of a loaded model and their context; freed with the process."""

    trust: Final = 0.75

    def __init__(self, lib: Any, extension: Any, model: Any, main: Any, ctx: Any) -> None:
        """Guess with `ctx`, a context of heads, for the context `main` of the same model."""
        self._lib = lib
        self._extension = extension
        self._main = main
        self._ctx = ctx
        self._memory = lib.llama_get_memory(ctx)
        self._batch = lib.llama_batch_ext_init(ctx)
        self._most = int(lib.llama_n_batch(ctx))
        self._n_ctx = int(lib.llama_n_ctx(ctx))
        self._width = int(lib.llama_model_n_embd_out(model))
        self._row = ctypes.sizeof(ctypes.c_float) * self._width
        self._unknown = bytes(self._row)
        self._greedy = lib.llama_sampler_init_greedy()
        self._floats = ctypes.POINTER(ctypes.c_float)
        self._trails: dict[int, _Trail] = {}
        self._works = True
        self._rows = 0
        # The state at every token: asked for only where there are scores, the heads give that of
        # the first token of a batch for the last one.
        extension.llama_set_embeddings_nextn(main, True, False)
        extension.llama_set_embeddings_nextn(ctx, True, False)

    def took_in(self, decoded: Rows) -> None:
        """Note what the model has just decoded."""
        if not self._works:
            return
        found = self._extension.llama_get_embeddings_nextn(self._main)
        if not found:
            self._works = False
            return
        address = ctypes.addressof(found.contents)
        begin = 0
        for sequence, run in groupby(decoded.sequences):
            end = begin + len(list(run))
            states = [
                ctypes.string_at(address + place * self._row, self._row)
                for place in range(begin, end)
            ]
            self._follow(sequence, decoded.positions[begin], decoded.tokens[begin:end], states)
            begin = end

    def draft(self, sequence: int, text: Sequence[int], length: int) -> list[int]:
        """Return up to `length` tokens that may follow `text`, whose last token is not decoded yet.

        None when interrupted, out of room, or where the model decoded something else before it.
        """
        trail = self._trails.get(sequence)
        if trail is None or not self._works or len(text) + length > self._n_ctx:
            return []
        known = len(text) - 1 - trail.read
        if not 0 <= known < len(trail.states) or trail.tokens[:known] != text[trail.read : -1]:
            return []
        trail.tokens[known:] = text[-1:]
        if not self._read(sequence, trail, known + 1, guess=True):
            return []
        trail.tokens, trail.states = [], []
        guesses = [self._choice()]
        while len(guesses) < length and self._works:
            state = self._extension.llama_get_embeddings_nextn_ith(self._ctx, self._rows - 1)
            place = trail.read + len(guesses) - 1
            own = ctypes.string_at(state, self._row) if state else b""
            if not own or not self._decode(sequence, place, guesses[-1:], [own], guess=True):
                break
            guesses.append(self._choice())
        self._cut(sequence, trail.read)
        return guesses

    def share(self, source: int, target: int, length: int) -> None:
        """Let `target` begin as `source` does, for `length` tokens."""
        self.forget(target)
        trail = self._trails.get(source)
        if trail is None:
            return
        read = min(trail.read, length)
        self._lib.llama_memory_seq_cp(self._memory, source, target, 0, read)
        self._trails[target] = _Trail(
            read,
            trail.last,
            trail.tokens[: length - read],
            trail.states[: length - read + 1] if read == trail.read else [],
        )

    def forget(self, sequence: int) -> None:
        """Know nothing of `sequence` any more."""
        if self._trails.pop(sequence, None) is not None:
            self._cut(sequence, 0)

    def set_threads(self, threads: int) -> None:
        """Compute with so many threads from now on."""
        self._lib.llama_set_n_threads(self._ctx, threads, threads)

    def _follow(self, sequence: int, begin: int, tokens: list[int], states: list[bytes]) -> None:
        """Let the trail of `sequence` go on at position `begin`."""
        trail = self._trails.setdefault(sequence, _Trail(begin, states=[self._unknown]))
        place = begin - trail.read
        if place == -1 and not trail.states and tokens[0] == trail.last:
            trail.tokens, trail.states = tokens[1:], states
        elif 0 <= place < len(trail.states):
            trail.tokens[place:] = tokens
            trail.states[place + 1 :] = states
        else:
            # Text changed, or was read elsewhere: one token without the state before it does no
            # harm, a gap could not be closed any more.
            kept = begin if 0 < begin < trail.read else 0
            self._cut(sequence, kept)
            trail = _Trail(begin, tokens=tokens, states=[self._unknown, *states])
            self._trails[sequence] = trail
        certain = len(trail.tokens) - (len(tokens) if len(tokens) <= _MOST_GUESSED else 0)
        if certain >= _WAITING:
            self._read(sequence, trail, certain, guess=False)

    def _read(self, sequence: int, trail: _Trail, count: int, *, guess: bool) -> bool:
        """Read the next `count` tokens of a trail; the last one may give a guess."""
        while count > 0:
            part = min(count, self._most)
            tokens, states = trail.tokens[:part], trail.states[:part]
            last = guess and part == count
            if not self._decode(sequence, trail.read, tokens, states, guess=last):
                return False
            trail.read += part
            trail.last = tokens[-1]
            del trail.tokens[:part], trail.states[:part]
            count -= part
        return True

    def _decode(
        self, sequence: int, begin: int, tokens: list[int], states: list[bytes], *, guess: bool
    ) -> bool:
        lib, batch = self._lib, self._batch
        lib.llama_batch_ext_clear(batch)
        for place, (token, state) in enumerate(zip(tokens, states, strict=True)):
            row = lib.llama_batch_ext_add_token(batch, sequence, token)
            position = lib.llama_pos(begin + place)
            embedding = lib.llama_embd(
                ctypes.cast(ctypes.c_char_p(state), self._floats), 1, self._width
            )
            if (
                row < 0
                or not lib.llama_batch_ext_set_pos(batch, row, ctypes.byref(position))
                or not lib.llama_batch_ext_set_embd_token(batch, row, embedding)
            ):
                self._works = False
                return False
        lib.llama_batch_ext_set_output_logits(batch, len(tokens) - 1, guess)
        status = lib.llama_process(self._ctx, _DECODE, batch)
        if status == _DONE:
            self._rows = len(tokens)
            return True
        self._cut(sequence, begin)
        if status == _NO_ROOM:
            # Most of the others are conversations that have ended.
            for other in self._trails.keys() - {sequence}:
                self.forget(other)
        elif status != _ABORTED:
            self._works = False
        return False

    def _choice(self) -> int:
        return int(self._lib.llama_sampler_sample(self._greedy, self._ctx, -1))

    def _cut(self, sequence: int, length: int) -> None:
        begin = length if length > 0 else -1
        self._lib.llama_memory_seq_rm(self._memory, sequence, begin, -1)


def heads_of(
    lib: Any, model: Any, main: Any, order: Load, n_ctx: int, interrupt: Interrupt
) -> NextTokenHeads | None:
    """Return the heads of `model` for its context `main` of `n_ctx` tokens; `interrupt` stops them.

    None where there are none, or llama.cpp has no memory for them: answers are the same without.
    """
    params = head_parameters(lib, model, main, order, n_ctx)
    extension = load_extension()
    if params is None or extension is None:
        return None
    ctx = lib.llama_init_from_model(model, params)
    if not ctx:
        return None
    interrupt.attach(lib, ctx)
    return NextTokenHeads(lib, extension, model, main, ctx)


def head_parameters(lib: Any, model: Any, main: Any, order: Load, n_ctx: int) -> Any | None:
    """Return `llama_context_params` for the heads of `model` beside `main`, None for no heads."""
    if not order.next_token_heads or lib.llama_model_n_layer_nextn(model) != 1:
        return None
    params = context_parameters(lib, order, n_ctx)
    params.n_ctx = n_ctx
    params.n_outputs_max = order.slots
    params.n_rs_seq = 0
    params.ctx_type = _CONTEXT_TYPE_MTP
    params.ctx_other = main
    return params


def guess_cost(
    *, parameters: int, vocabulary: int, width: int, layers: int, experts: int, used: int
) -> float:
    """Return what one guess costs, relative to a token of the model itself, by the weights read.

    A guess takes one of the `layers` and the output matrix; of `experts`, each token uses `used`.
    """
    output = vocabulary * width
    inner = max(0, parameters - output)
    if 0 < used < experts:
        inner = inner * used // experts
    return (output + inner / max(1, layers)) / max(1, output + inner)
