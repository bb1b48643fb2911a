"""Whose turn it is, where answers want different models and the engine holds one at a time.

First come, first served: an answer that needs another model waits until those before it have ended,
and those after it wait for it. Pure functions over values; any thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.domain.engine import EngineState
from desktop.domain.model import InstalledModel


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer is to be written with; `n_ctx` in tokens, None as it is set for the model.

    `is_usual`: it is the one that everybody has; an answer that has not begun takes the next one
    that is chosen.
    """

    model: InstalledModel
    n_ctx: int | None = None
    is_usual: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer that was not asked for yet; None takes whatever model there is."""

    ticket: int
    wanted: Wanted | None


@dataclass(frozen=True, slots=True)
class Turns:
    """What is to be done now: the engine is told to `choose`, if anything, then to answer `ask`."""

    choose: Wanted | None
    ask: tuple[int, ...]


def suits(wanted: Wanted | None, state: EngineState) -> bool:
    """Return whether the model that the engine has, or is loading, is the one that is wanted."""
    if wanted is None:
        return True
    if state.model is None or state.model.path != wanted.model.path:
        return False
    if wanted.model.is_served:
        # Its server sees to the context.
        return True
    loaded = None if state.loaded is None else state.loaded.n_ctx
    return wanted.n_ctx == state.n_ctx or (wanted.n_ctx is not None and wanted.n_ctx == loaded)


def next_turns(waiting: Sequence[Waiting], state: EngineState, *, busy: bool) -> Turns:
    """Return what to do about those who are `waiting`, in the order in which they came.

    `busy`: answers were asked for that have not ended.
    """
    if not waiting:
        return Turns(None, ())
    first = waiting[0].wanted
    if suits(first, state):
        return Turns(None, _leading(waiting, state))
    if busy or first is None:
        return Turns(None, ())
    coming = EngineState(model=first.model, n_ctx=first.n_ctx)
    return Turns(first, _leading(waiting, coming))


def _leading(waiting: Sequence[Waiting], state: EngineState) -> tuple[int, ...]:
    """Return those before the first one that needs another model."""
    tickets: list[int] = []
    for each in waiting:
        if not suits(each.wanted, state):
            break
        tickets.append(each.ticket)
    return tuple(tickets)
