"""Prompts that are only counted. Engine process, main thread.

A count is read a prompt at a time, between the steps of answers being written, so none of them
waits for more than one prompt to be rendered and tokenised.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from desktop.inference.messages import Count, Counted, Generate, Refused, Report


@dataclass(slots=True)
class _Begun:
    order: Count
    tokens: list[int] = field(default_factory=list)


class Counting:
    """Counts that wait, at most one for each purpose."""

    def __init__(self, count: Callable[[Generate], int | Refused]) -> None:
        """Start with none; `count` says how many tokens one prompt has, or why it has none."""
        self._count = count
        self._waiting: dict[int, _Begun] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take(self, order: Count) -> None:
        """Take one in; it replaces what waits for the same purpose."""
        self._waiting.pop(order.purpose, None)
        self._waiting[order.purpose] = _Begun(order)

    def step(self) -> Report | None:
        """Count one prompt of the one that waits longest; return its answer when it is complete."""
        purpose, begun = next(iter(self._waiting.items()))
        order = begun.order
        if len(begun.tokens) < len(order.orders):
            found = self._count(order.orders[len(begun.tokens)])
            if isinstance(found, Refused):
                del self._waiting[purpose]
                return found
            begun.tokens.append(found)
        if len(begun.tokens) < len(order.orders):
            return None
        del self._waiting[purpose]
        return Counted(id=order.id, tokens=begun.tokens)
