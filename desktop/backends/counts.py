"""Counts under way. Lives in the engine worker thread.

What the engine process answers is checked like everything it says: whether it was asked, how many
numbers there are, and whether they can be counts at all.
"""

from typing import Final

from desktop.backends import explain
from desktop.backends.inbox import CountOrder
from desktop.backends.process import Death, EngineProcess
from desktop.domain.errors import LapisError
from desktop.inference import messages

# No prompt that fits into a frame has more.
_MOST_TOKENS: Final = messages.MAX_FRAME


class Counts:
    """At most one count for each purpose; a newer one takes its place."""

    def __init__(self) -> None:
        """Start without any."""
        self._asked: dict[int, tuple[messages.Count, CountOrder]] = {}
        self._distrusted = False

    def take(self, order: CountOrder, process: EngineProcess | None) -> None:
        """Send `order` to `process`; without one, nothing is counted."""
        if process is None or self._distrusted:
            order.listener(None)
            return
        command = order.command()
        for number, (earlier, _) in list(self._asked.items()):
            if earlier.purpose == command.purpose:
                self._end(number, None)
        try:
            process.send(command)
        except messages.ProtocolError:
            order.listener(explain.explain_unsendable())
            return
        self._asked[order.id] = (command, order)

    def hear(self, report: messages.Report) -> bool:
        """Take a report; return whether it was about a count."""
        match report:
            case messages.Counted(id=number, tokens=tokens):
                asked = self._asked.get(number)
                if asked is not None:
                    good = len(tokens) == len(asked[0].orders) and all(map(_is_count, tokens))
                    self._end(number, tuple(tokens) if good else explain.explain_nonsense_answer())
                return True
            case messages.Refused(id=number) if number in self._asked:
                self._end(number, explain.explain_refusal(report))
                return True
            case _:
                return False

    def died(self, death: Death) -> None:
        """Count nothing more of a model that a count has brought down, until one is chosen anew.

        Or the answer that starts the engine again would be lost to the next count.
        """
        self._distrusted |= death.request in self._asked

    def trust(self) -> None:
        """Count again: a model was chosen."""
        self._distrusted = False

    def drop(self) -> None:
        """End all that are under way: nobody is there to count."""
        for number in list(self._asked):
            self._end(number, None)

    def _end(self, number: int, outcome: tuple[int, ...] | LapisError | None) -> None:
        _, order = self._asked.pop(number)
        order.listener(outcome)


def _is_count(tokens: int) -> bool:
    return 0 <= tokens <= _MOST_TOKENS
