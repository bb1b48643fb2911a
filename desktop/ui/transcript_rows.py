"""Which messages of a chat lie where, most of them without ever having been built.

A row is one message with the space below it. Heights of rows that were built are known; of others
they are guessed from their kind, as high as those of that kind are on average. Every question is
answered in a number of steps that hardly grows with the chat. Standard library only; any thread.
"""

from collections.abc import Iterable, Sequence

from desktop.domain.chat import Role
from desktop.domain.history import MessageRef

__all__ = ["TranscriptRows"]

_QUESTION = 84
_ANSWER = 420
_GUESSED, _STALE, _KNOWN = range(3)


class TranscriptRows:
    """Rows from 0, heights and places in pixels; the first row begins at 0."""

    def __init__(self, refs: Iterable[MessageRef] = ()) -> None:
        """Lay out `refs`, first to last."""
        self._refs: list[MessageRef] = []
        self._at: dict[int, int] = {}
        self._heights: list[int] = []
        self._state = bytearray()
        self._sums: list[int] = []
        self.reset(refs)

    def reset(self, refs: Iterable[MessageRef]) -> None:
        """Lay out `refs` instead; a message that was there before keeps its height."""
        before = {
            one.id: (height, state)
            for one, height, state in zip(self._refs, self._heights, self._state, strict=True)
            if state != _GUESSED
        }
        self._refs = list(refs)
        self._at = {one.id: row for row, one in enumerate(self._refs)}
        found = [before.get(one.id, (_first_guess(one), _GUESSED)) for one in self._refs]
        self._heights = [height for height, _ in found]
        self._state = bytearray(state for _, state in found)
        self._sum_up()

    def __len__(self) -> int:
        return len(self._refs)

    @property
    def refs(self) -> Sequence[MessageRef]:
        """The messages, first to last."""
        return self._refs

    def row_of(self, message: int) -> int | None:
        """Return the row of a message, or None when it is not here."""
        return self._at.get(message)

    def append(self, ref: MessageRef) -> None:
        """Add a row at the end."""
        row = len(self._refs)
        self._at[ref.id] = row
        self._refs.append(ref)
        self._heights.append(_first_guess(ref))
        self._state.append(_GUESSED)
        # A Fenwick tree: entry i holds the sum of the rows that its lowest set bit spans.
        low = (row + 1) & -(row + 1)
        self._sums.append(self.top(row) - self.top(row + 1 - low) + self._heights[row])

    def remove_last(self) -> None:
        """Take the last row away."""
        gone = self._refs.pop()
        del self._at[gone.id]
        self._heights.pop()
        self._state.pop()
        self._sums.pop()

    def replace(self, ref: MessageRef) -> None:
        """Show another place among siblings at a row that is there."""
        self._refs[self._at[ref.id]] = ref

    def top(self, row: int) -> int:
        """Return where `row` begins; for the number of rows, where the last one ends."""
        total = 0
        while row > 0:
            total += self._sums[row - 1]
            row &= row - 1
        return total

    @property
    def total(self) -> int:
        """The height of all rows together."""
        return self.top(len(self._refs))

    def height(self, row: int) -> int:
        """Return the height of `row`, known or guessed."""
        return self._heights[row]

    def is_known(self, row: int) -> bool:
        """Tell whether the height of `row` was measured at the present width."""
        return self._state[row] == _KNOWN

    def row_at(self, y: int) -> int:
        """Return the row that lies at `y`, the first or the last one beyond the ends."""
        row, step = 0, 1 << len(self._sums).bit_length()
        left = max(0, y)
        while step:
            if row + step <= len(self._sums) and self._sums[row + step - 1] <= left:
                row += step
                left -= self._sums[row - 1]
            step >>= 1
        return min(row, max(0, len(self._refs) - 1))

    def measure(self, row: int, height: int) -> bool:
        """Set what `row` really takes; return whether that is something new."""
        self._state[row] = _KNOWN
        change = height - self._heights[row]
        if not change:
            return False
        self._heights[row] = height
        at = row + 1
        while at <= len(self._sums):
            self._sums[at - 1] += change
            at += at & -at
        return True

    def forget(self) -> None:
        """Treat what was measured as a guess: the column became wider or narrower."""
        for row, state in enumerate(self._state):
            if state == _KNOWN:
                self._state[row] = _STALE

    def guess_again(self) -> None:
        """Guess rows that were never built by those of their kind that were."""
        seen: dict[bool, list[int]] = {True: [], False: []}
        for ref, height, state in zip(self._refs, self._heights, self._state, strict=True):
            if state != _GUESSED:
                seen[_is_question(ref)].append(height)
        means = {kind: sum(some) // len(some) for kind, some in seen.items() if some}
        for row, ref in enumerate(self._refs):
            if self._state[row] == _GUESSED:
                self._heights[row] = means.get(_is_question(ref), self._heights[row])
        self._sum_up()

    def _sum_up(self) -> None:
        self._sums = list(self._heights)
        for at in range(1, len(self._sums) + 1):
            above = at + (at & -at)
            if above <= len(self._sums):
                self._sums[above - 1] += self._sums[at - 1]


def _is_question(ref: MessageRef) -> bool:
    return ref.role in {Role.USER, Role.SYSTEM}


def _first_guess(ref: MessageRef) -> int:
    return _QUESTION if _is_question(ref) else _ANSWER
