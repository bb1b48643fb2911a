"""One batch: who gets how many tokens of it. Runs inside the engine process.

Writers come first: each needs one token, and nobody who reads may hold them up. What is left goes
to the prompts being read, in the order they came. A chunk of a prompt is a constant: chunks that
followed the clock would make seeded answers differ where sums are rounded by the shape of a batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from desktop.inference.runtime import BatchToken
from desktop.inference.slot import Slot

# Tokens from the end of a prompt where a memory that cannot be cut gets its checkpoint: the next
# turn often differs in the last tokens, where the template opened the answer.
CHECKPOINT_TAIL: Final = 8


@dataclass(frozen=True, slots=True)
class Chunks:
    """How many prompt tokens are read at once: alone, and beside answers being written."""

    alone: int
    beside: int


@dataclass(slots=True)
class Share:
    """What of a batch belongs to `slot`: `count` of its tokens, then `guesses`.

    `row` is the place in the batch of its last token before the guesses.
    """

    slot: Slot
    count: int
    row: int
    guesses: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """Tokens to decode together, and whose they are. `reads`: part of it is a prompt."""

    tokens: list[BatchToken] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    reads: bool = False

    @property
    def guesses(self) -> int:
        """How many tokens of it are guesses."""
        return sum(len(share.guesses) for share in self.shares)


def next_batch(
    active: Sequence[Slot],
    chunks: Chunks,
    draft: Callable[[Slot, int, int], list[int]],
    *,
    checkpoints: bool,
) -> Batch:
    """Return the next batch for the slots that have something to decode.

    `draft(slot, writers, used)` guesses for a writer, beside so many writers and with so many
    guesses in the batch already; it is not asked while a prompt is read, which costs more than
    guessing saves. With `checkpoints`, reading stops once where one is to be taken.
    """
    batch = Batch()
    writers = [slot for slot in active if slot.missing == 1]
    readers = sorted((slot for slot in active if slot.missing > 1), key=lambda slot: slot.used)
    for slot in writers:
        guesses = [] if readers else draft(slot, len(writers), batch.guesses)
        _add(batch, slot, 1, guesses)
    budget = chunks.beside if writers else chunks.alone
    for slot in readers:
        count = min(slot.missing, budget)
        if checkpoints:
            mark = checkpoint_mark(slot)
            if slot.decoded < mark < slot.decoded + count:
                count = mark - slot.decoded
        if count <= 0:
            break
        _add(batch, slot, count, [])
        batch.reads = True
        budget -= count
    return batch


def checkpoint_mark(slot: Slot) -> int:
    """Return after how many tokens of the prompt in `slot` a checkpoint is taken."""
    return len(slot.tokens) - CHECKPOINT_TAIL


def _add(batch: Batch, slot: Slot, count: int, guesses: list[int]) -> None:
    begin = slot.decoded
    row = len(batch.tokens) + count - 1
    batch.shares.append(Share(slot, count, row, guesses))
    for position in range(begin, begin + count):
        last = position == len(slot.tokens) - 1
        batch.tokens.append(BatchToken(slot.tokens[position], position, slot.index, last))
    for position, token in enumerate(guesses, start=begin + count):
        batch.tokens.append(BatchToken(token, position, slot.index, logits=True))
