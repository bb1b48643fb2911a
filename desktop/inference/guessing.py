"""Where guesses come from: the text itself, else what computes them. Engine process, main thread."""

from collections.abc import Sequence
from typing import Protocol

from desktop.inference.lookup import Belief, Lookup, best_length


class GuessingModel(Protocol):
    """Computes guesses: a small model, or heads of the model that answers."""

    @property
    def trust(self) -> float:
        """The share of guesses that is right, until it is known better."""

    def draft(self, sequence: int, text: Sequence[int], length: int) -> list[int]:
        """Return up to `length` tokens that may follow `text` in `sequence`."""


class Guesser:
    """Guesses for one answer, and how far they are believed."""

    def __init__(
        self, text: Sequence[int], sequence: int, model: GuessingModel | None, model_cost: float
    ) -> None:
        """Begin after `text` in `sequence`.

        `model_cost` is what a token of `model` costs, relative to one of the model that answers.
        """
        self._lookup = Lookup(text)
        self._text = text
        self._sequence = sequence
        self._model = model
        self._model_cost = model_cost
        self._belief = Belief(model.trust if model is not None else 0.0)
        # Of free text, a fifth of the choices or so is close.
        self._close = Belief(0.2)
        self._by_model = False

    def draft(self, costs: Sequence[float]) -> list[int]:
        """Return tokens that may come next; `costs` as in `Lookup.draft`."""
        settled = 1 - self._close.chance
        guesses = self._lookup.draft(costs, settled)
        self._by_model = False
        if guesses:
            return guesses
        if self._model is None:
            self._close.let_pass()
            return []
        chance = self._belief.chance
        with_model = [cost + guesses * self._model_cost for guesses, cost in enumerate(costs)]
        length = best_length(chance, chance, with_model, settled)
        if length == 0:
            self._belief.let_pass()
            self._close.let_pass()
            return []
        self._by_model = True
        return self._model.draft(self._sequence, self._text, length)

    def judge(self, drafted: int, accepted: int, *, settled: bool) -> None:
        """Learn that `accepted` of the `drafted` tokens were right. Call before their `append`.

        `settled`: the batch said as well what comes behind them.
        """
        self._close.learn(right=int(not settled), wrong=int(settled))
        if self._by_model:
            self._belief.learn(right=accepted, wrong=int(accepted < drafted))
        else:
            self._lookup.judge(drafted, accepted)

    def append(self, token: int) -> None:
        """Take in the next token of the answer; `text` is the caller's and has it as well."""
        self._lookup.append(token)
