"""Requests on their way: who has each of them now, and which wait for a model to be loaded.

Not locked: the engine's door keeps order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from desktop.backends.base import Backend, Listener
from desktop.domain.engine import EngineState
from desktop.domain.model import InstalledModel
from desktop.services.model_turns import Waiting, Wanted, next_turns, suits

Post: TypeAlias = Callable[[Backend, Listener], int]


@dataclass(slots=True, eq=False)
class Asked:
    """One request; `post` gives it to a backend, whose number of it is `place` there.

    `round` counts how often it was given away: what is heard of an earlier round is not for it.
    """

    number: int
    post: Post
    listener: Listener
    wanted: Wanted | None
    backend: Backend | None = None
    place: int = 0
    round: int = 0
    has_spoken: bool = False
    knows_that_it_waits: bool = False


class AnswerLine:
    """Everything that was asked and has not ended, in the order in which it came."""

    def __init__(self, local: Backend) -> None:
        """`local` is the backend that holds one model at a time."""
        self._local = local
        self._asked: dict[int, Asked] = {}
        self._waiting: list[Asked] = []

    def __len__(self) -> int:
        return len(self._asked)

    def has(self, asked: Asked, turn: int) -> bool:
        """Return whether what was heard in round `turn` of `asked` is for it."""
        return asked.round == turn and asked.number in self._asked

    def get(self, number: int) -> Asked | None:
        """Return a request that has not ended."""
        return self._asked.get(number)

    def add(self, asked: Asked) -> None:
        """Take a request, which waits."""
        self._asked[asked.number] = asked
        self._waiting.append(asked)

    def remove(self, asked: Asked) -> None:
        """Forget a request that has ended."""
        del self._asked[asked.number]
        if asked in self._waiting:
            self._waiting.remove(asked)

    def given_away(self) -> Iterator[Asked]:
        """Yield the requests that a backend has."""
        return (each for each in list(self._asked.values()) if each.backend is not None)

    def waiting(self) -> tuple[Asked, ...]:
        """Return the requests that no backend has."""
        return tuple(self._waiting)

    def clear(self) -> list[Asked]:
        """Forget those that wait, and return them."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            del self._asked[each.number]
        return waiting

    def give(self, asked: Asked, backend: Backend) -> int:
        """Note that `backend` has a request now, and return the round."""
        if asked in self._waiting:
            self._waiting.remove(asked)
        asked.backend = backend
        asked.round += 1
        return asked.round

    def next(self, local: EngineState) -> tuple[Wanted | None, list[Asked]]:
        """Return which model is to be loaded now, if any, and who is to be answered then."""
        waiting = [Waiting(each.number, each.wanted) for each in self._waiting]
        busy = any(each.backend is self._local for each in self._asked.values())
        turns = next_turns(waiting, local, busy=busy)
        return turns.choose, [self._asked[number] for number in turns.ask]

    def newly_waiting(self) -> list[Asked]:
        """Return those that wait and were not told so yet; from now on they were."""
        found = [each for each in self._waiting if not each.knows_that_it_waits]
        for each in found:
            each.knows_that_it_waits = True
        return found

    def follow(self, model: InstalledModel, n_ctx: int | None) -> list[Asked]:
        """Note that a person chose `model`; return those that are to be taken back from backends.

        Whoever takes the usual model takes this one, if the answer has not begun; whoever wanted
        another one waits for it again.
        """
        chosen = EngineState(model=model, n_ctx=n_ctx)
        back: list[Asked] = []
        for asked in self._asked.values():
            if asked.wanted is None or asked.has_spoken:
                continue
            if asked.wanted.is_usual:
                if asked.backend is None or (asked.backend is self._local and not model.is_served):
                    asked.wanted = Wanted(model, n_ctx, is_usual=True)
            elif (
                asked.backend is self._local
                and not model.is_served
                and not suits(asked.wanted, chosen)
            ):
                back.append(asked)
        return back

    def take_back(self, taken: list[Asked]) -> None:
        """Let requests wait again, before all others."""
        for asked in taken:
            asked.backend = None
            asked.round += 1
        self._waiting = [*taken, *self._waiting]
