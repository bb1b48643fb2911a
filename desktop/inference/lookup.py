"""Guessing the next tokens from the text itself (prompt-lookup speculation). Engine process only.

Whoever corrects, translates code, summarises or quotes repeats much of what was read. The last few
tokens are looked up in all that came before, and what followed them there is the guess. The model
then confirms or refuses the guesses in one batch, so the answer is the one it would have written
alone. Each source of guesses is believed as far as it was right lately; where guessing would not
pay, none is made.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum, auto
from typing import Final

# Two tokens in one number: more than any vocabulary holds.
_SHIFT: Final = 24
# How much of the past counts after one more try, or after one chance that was let pass.
_MEMORY: Final = 0.9
_FORGIVING: Final = 0.98
_PRIOR_WEIGHT: Final = 2.0
# Guessing must promise this much before it is tried.
_WORTH: Final = 1.1


class Source(IntEnum):
    """Where a guess comes from; numbers, as these are looked up several times a token."""

    FOLLOWING = auto()
    """What was guessed before came true, so the text goes on as it did there."""
    TRIPLE = auto()
    """The last three tokens stood there once."""
    PAIR = auto()
    """The last two tokens stood there once."""
    AFTER_CHANGE = auto()
    """One token came differently from the original: perhaps it goes on behind it."""


_PRIORS: Final = {
    Source.FOLLOWING: 0.8,
    Source.TRIPLE: 0.5,
    Source.PAIR: 0.2,
    Source.AFTER_CHANGE: 0.4,
}


class Lookup:
    """A growing text and what it lets one expect; constant cost per token."""

    def __init__(self, tokens: Iterable[int]) -> None:
        """Index `tokens`, the text so far."""
        self._tokens: list[int] = []
        self._pairs: dict[int, int] = {}
        self._triples: dict[int, int] = {}
        self._place: int | None = None
        self._source = Source.PAIR
        self._belief = {source: Belief(prior) for source, prior in _PRIORS.items()}
        for token in tokens:
            self.append(token)

    def append(self, token: int) -> None:
        """Take in the next token of the text."""
        place, was_following = self._place, self._source is Source.FOLLOWING
        came_true = place is not None and self._tokens[place] == token
        pair, triple = self._append(token)
        if place is not None and came_true:
            self._place, self._source = place + 1, Source.FOLLOWING
        elif triple is not None:
            self._place, self._source = triple, Source.TRIPLE
        elif place is not None and was_following:
            self._place, self._source = place + 1, Source.AFTER_CHANGE
        elif pair is not None:
            self._place, self._source = pair, Source.PAIR
        else:
            self._place = None

    def draft(self, costs: Sequence[float], settled: float = 1.0) -> list[int]:
        """Return tokens that may come next; none where that would not pay.

        `costs` tells what a batch with so many guesses costs, relative to one with none, and by its
        length how many there may be at most; `settled` how likely such a batch gives a token of its
        own behind the guesses that were right.
        """
        if self._place is None:
            return []
        first = self._belief[self._source].chance
        later = self._belief[Source.FOLLOWING].chance
        length = best_length(first, later, costs, settled)
        if length == 0:
            self._belief[self._source].let_pass()
            return []
        # What runs into its own end goes round: the text repeats itself.
        period = len(self._tokens) - self._place
        return [self._tokens[self._place + step % period] for step in range(length)]

    def judge(self, drafted: int, accepted: int) -> None:
        """Learn that `accepted` of the `drafted` tokens were right. Call before their `append`."""
        if drafted == 0:
            return
        self._belief[self._source].learn(right=min(accepted, 1), wrong=int(accepted == 0))
        if accepted:
            self._belief[Source.FOLLOWING].learn(right=accepted - 1, wrong=int(accepted < drafted))

    def _append(self, token: int) -> tuple[int | None, int | None]:
        """Return where the last two and the last three tokens, with `token`, were before."""
        tokens = self._tokens
        tokens.append(token)
        end = len(tokens)
        if end < 2:
            return None, None
        key = tokens[-2] << _SHIFT | token
        pair = self._pairs.get(key)
        self._pairs[key] = end
        if end < 3:
            return pair, None
        key |= tokens[-3] << 2 * _SHIFT
        triple = self._triples.get(key)
        self._triples[key] = end
        return pair, triple


def best_length(first: float, later: float, costs: Sequence[float], settled: float) -> int:
    """Return how many guesses promise most tokens for their cost; 0 where none pays.

    The `first` one is right with that chance, and each further one with the chance `later` once the
    one before was; `costs` and `settled` as in `Lookup.draft`.
    """
    best, best_gain = 0, _WORTH
    expected, chance = settled, first
    for length in range(1, len(costs)):
        expected += chance
        chance *= later
        gain = expected / costs[length]
        if gain > best_gain:
            best, best_gain = length, gain
    return best


class Belief:
    """How often guesses of one source come true, the latest counting most."""

    def __init__(self, prior: float) -> None:
        self._prior = prior
        self._right = self._tried = 0.0

    @property
    def chance(self) -> float:
        """The share of guesses expected to be right."""
        return (self._right + self._prior * _PRIOR_WEIGHT) / (self._tried + _PRIOR_WEIGHT)

    def learn(self, right: int, wrong: int) -> None:
        """Count guesses."""
        self._right = self._right * _MEMORY + right
        self._tried = self._tried * _MEMORY + right + wrong

    def let_pass(self) -> None:
        """Forget a little, so that a source that failed is tried again some day."""
        self._right *= _FORGIVING
        self._tried *= _FORGIVING
