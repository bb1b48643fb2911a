"""One batch: who gets how many tokens of it. Runs inside the engine process.

A batch reads prompts or writes answers, never both: sums are rounded by the shape of a batch, so
an answer would come out differently beside a prompt being read than alone. For the same reason a
chunk of a prompt does not follow the clock where it need not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from desktop.inference.rows import Rows
from desktop.inference.slot import Slot


@dataclass(slots=True)
class Share:
    """What of a batch belongs to `slot`: `count` of its tokens, then `guesses`.

    `row` is the place in the batch of its last token before the guesses. After them come `filling`
    rows that only fill the batch up.
    """

    slot: Slot
    count: int
    row: int
    guesses: list[int] = field(default_factory=list)
    filling: int = 0


@dataclass(slots=True)
class Batch:
    """Tokens to decode together, and whose they are. `reads`: they are of prompts."""

    reads: bool
    rows: Rows = field(default_factory=Rows)
    shares: list[Share] = field(default_factory=list)

    @property
    def guesses(self) -> int:
        """How many tokens of it are guesses."""
        return sum(len(share.guesses) for share in self.shares)

    @property
    def extras(self) -> int:
        """How many rows it could do without."""
        return sum(len(share.guesses) + share.filling for share in self.shares)

    def fill_up(self, filling: Callable[[int, int], int]) -> None:
        """Add rows behind the text that ends the batch, as many as `filling` says.

        It is asked with the rows of the batch and the length of the text, in tokens. Behind the
        text no token looks at them.
        """
        last = self.shares[-1]
        slot, length = last.slot, len(last.slot.tokens)
        if slot.decoded + last.count != length:
            return
        count = filling(len(self.rows), length)
        if count:
            self.rows.add(slot.tokens[-1:] * count, length, slot.index, logits=False)
            last.filling = count


def writing(writers: Sequence[Slot], draft: Callable[[Slot, int, int], list[int]]) -> Batch:
    """Return a batch with the next token of each of `writers`.

    `draft(slot, writers, used)` guesses for a slot, beside so many writers and with so many guesses
    in the batch already.
    """
    batch = Batch(reads=False)
    for slot in writers:
        _add(batch, slot, 1, draft(slot, len(writers), batch.guesses))
    return batch


def reading(
    readers: Sequence[Slot],
    chunk: int,
    part: Callable[[int, int], int],
    checkpoint_at: Callable[[Slot], int],
) -> Batch:
    """Return a batch with the next `chunk` tokens of prompts, in the order they came.

    `part` says how many to read of so many that are missing, where so many may be. Reading stops
    once where a checkpoint of a slot is to be taken.
    """
    batch = Batch(reads=True)
    for slot in sorted(readers, key=lambda slot: slot.used):
        count = part(slot.missing, chunk)
        mark = checkpoint_at(slot)
        if slot.decoded < mark < slot.decoded + count:
            count = mark - slot.decoded
        if count <= 0:
            break
        _add(batch, slot, count, [])
        chunk -= count
    return batch


def _add(batch: Batch, slot: Slot, count: int, guesses: list[int]) -> None:
    rows, begin = batch.rows, slot.decoded
    end = begin + count
    rows.add(slot.tokens[begin:end], begin, slot.index, logits=False)
    # What comes after the last one known is to be chosen.
    rows.logits[-1] = end == len(slot.tokens)
    batch.shares.append(Share(slot, count, len(rows) - 1, guesses))
    if guesses:
        rows.add(guesses, end, slot.index, logits=True)
