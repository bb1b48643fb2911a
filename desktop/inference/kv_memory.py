"""The memory of a context: what of a sequence can be kept, shared, saved and brought back.

Engine process, main thread. Plain attention can be cut anywhere; a sliding window only where the
tokens just before the cut are still there; a recurrent state not at all, but for the newest few
tokens where llama.cpp keeps a state for each. Checkpoints help the last two: small pictures of the
part that cannot be cut.
"""

import ctypes
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from desktop.inference.loading import keeps_state
from desktop.inference.next_token_heads import NextTokenHeads

_PARTIAL_ONLY: Final = 1


class KvMemory:
    """Operations on the sequences of one native context."""

    def __init__(self, lib: Any, model: Any, ctx: Any) -> None:
        """Serve `ctx`, a context of `model`; raises ValueError for one without memory."""
        self._lib = lib
        self._ctx = ctx
        self._memory = lib.llama_get_memory(ctx)
        if not self._memory:
            raise ValueError
        self._window = max(1, int(lib.llama_model_n_swa(model)))
        self.recurrent = keeps_state(lib, model)
        self.heads: NextTokenHeads | None = None
        self._snapshots = int(lib.llama_n_rs_seq(ctx))
        # By sequence: what can be taken back of the last batch; taken back, but not gone on from;
        # broken off in the middle of a batch.
        self._latest: Counter[int] = Counter()
        self._stepped_back: set[int] = set()
        self._broken: set[int] = set()

    @property
    def windowed(self) -> bool:
        """Whether some layers see only the latest tokens."""
        return self._window > 1

    def loses(self, length: int) -> bool:
        """Whether a sequence of `length` tokens may no longer be cut back to them later on."""
        return self.recurrent or (self.windowed and length >= self._window)

    @property
    def cuttable(self) -> bool:
        """Whether a sequence can be cut back anywhere."""
        return not self.recurrent

    @property
    def takes_back(self) -> int:
        """How many of the tokens decoded last can be taken back."""
        return self._snapshots if self.recurrent else sys.maxsize

    def took_in(self, sequences: Iterable[int]) -> None:
        """Note a batch that was decoded: the sequence of each token."""
        if self.recurrent:
            counts = Counter(sequences)
            for sequence, count in counts.items():
                self._latest[sequence] = min(count - 1, self._snapshots)
            self._stepped_back -= counts.keys()

    def broke_off(self, sequences: Iterable[int]) -> None:
        """Note a batch that failed: what a recurrent state has taken in of it is not known."""
        if self.recurrent:
            self._broken.update(sequences)

    def take_back(self, sequence: int, length: int) -> bool:
        """Cut a recurrent state back to `length` tokens, within the last batch; whether it was."""
        back = int(self._lib.llama_memory_seq_pos_max(self._memory, sequence)) + 1 - length
        if not self.recurrent or length <= 0 or not 0 < back <= self._latest[sequence]:
            return False
        # llama.cpp goes back once only, then it has to go on from there.
        self._latest[sequence] = 0
        self._stepped_back.add(sequence)
        return sequence not in self._broken and self._cut(sequence, length)

    def keep(self, sequence: int, length: int) -> int:
        """Cut `sequence` back to its first `length` tokens; return how many really stay.

        Where the tokens needed at the cut are gone, everything goes and 0 is returned.
        """
        if self.holds(sequence, length) and self._cut(sequence, length):
            return length
        self._cut(sequence, 0)
        return 0

    def holds(self, sequence: int, length: int) -> bool:
        """Whether `sequence` could go on after its first `length` tokens."""
        lib, memory = self._lib, self._memory
        oldest = lib.llama_memory_seq_pos_min(memory, sequence)
        newest = lib.llama_memory_seq_pos_max(memory, sequence)
        if length <= 0 or newest < length - 1:
            return False
        if self.recurrent:
            return bool(newest == length - 1) and sequence not in self._broken
        # The next token, number `length`, sees itself and the window - 1 tokens before it.
        return bool(oldest <= max(0, length - self._window + 1))

    def share(self, source: int, target: int, length: int) -> int:
        """Let `target` begin with the first `length` tokens of `source`; nothing is computed.

        Returns how many it has now: `length`, or 0 where that is not possible.
        """
        self._cut(target, 0)
        if not self.holds(source, length):
            return 0
        if source in self._stepped_back:
            self._settle(source)
        end = -1 if self.recurrent else length
        self._lib.llama_memory_seq_cp(self._memory, source, target, 0, end)
        if not self.holds(target, length):
            return self.keep(target, 0)
        if self.heads is not None:
            self.heads.share(source, target, length)
        return length

    def unshare(self, sequences: Sequence[int]) -> None:
        """Give each of `sequences` its own copy of what a sliding window sees.

        llama.cpp overwrites what fell out of the window only where one sequence alone holds it, so
        a long shared head fills the window's cells for good. Whoever finds no room ends up empty.
        """
        states = []
        for sequence in sequences:
            state = bytearray(self.state_size(sequence, partial=True))
            if self.save(sequence, state, partial=True) == len(state):
                states.append((sequence, state))
        # The first ones find room only after the others have let go of the shared cells.
        again = [entry for entry in states if not self._put(*entry, _PARTIAL_ONLY)]
        for sequence, state in again:
            self.restore(sequence, state, partial=True)

    def misses_parts(self, sequence: int) -> bool:
        """Whether a cut of `sequence` may fail: parts are gone, or never can be cut."""
        oldest = self._lib.llama_memory_seq_pos_min(self._memory, sequence)
        return self.recurrent or bool(oldest > 0)

    def state_size(self, sequence: int, *, partial: bool = False) -> int:
        """Return the bytes that `save` will write."""
        flags = _PARTIAL_ONLY if partial else 0
        return int(self._lib.llama_state_seq_get_size_ext(self._ctx, sequence, flags))

    def save(self, sequence: int, into: Any, *, partial: bool = False) -> int:
        """Write the state of `sequence` into a writable buffer; return the bytes written, 0 failed.

        `partial` leaves out what can be cut.
        """
        size = len(into)
        buffer = (ctypes.c_uint8 * size).from_buffer(into)
        flags = _PARTIAL_ONLY if partial else 0
        return int(self._lib.llama_state_seq_get_data_ext(self._ctx, buffer, size, sequence, flags))

    def restore(self, sequence: int, state: Any, *, partial: bool = False) -> bool:
        """Bring back what `save` wrote; on failure the sequence is empty.

        `state` is a writable buffer (ctypes takes no other), and must be what this build wrote for
        this model: native code trusts it.
        """
        if not partial:
            self._cut(sequence, 0)
        taken = self._put(sequence, state, _PARTIAL_ONLY if partial else 0)
        if taken:
            self._forget_steps(sequence)
        else:
            self._cut(sequence, 0)
        return taken

    def _settle(self, sequence: int) -> None:
        """Make the state before the tokens that were taken back the only one of `sequence`.

        Whoever shares a state that llama.cpp has only marked for going back gets the newest one.
        """
        state = bytearray(self.state_size(sequence, partial=True))
        if self.save(sequence, state, partial=True) == len(state):
            self.restore(sequence, state, partial=True)

    def _forget_steps(self, sequence: int) -> None:
        self._latest[sequence] = 0
        self._stepped_back.discard(sequence)
        self._broken.discard(sequence)

    def _put(self, sequence: int, state: Any, flags: int) -> bool:
        size = len(state)
        buffer = (ctypes.c_uint8 * size).from_buffer(state)
        taken = self._lib.llama_state_seq_set_data_ext(self._ctx, buffer, size, sequence, flags)
        return bool(taken)

    def _cut(self, sequence: int, length: int) -> bool:
        begin = length if length > 0 else -1
        if begin < 0:
            self._forget_steps(sequence)
            if self.heads is not None:
                self.heads.forget(sequence)
        return bool(self._lib.llama_memory_seq_rm(self._memory, sequence, begin, -1))
