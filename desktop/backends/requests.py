"""The requests under way and what each is told. Lives in the engine worker thread."""

from collections.abc import Callable
from dataclasses import replace

from desktop.backends import explain
from desktop.backends.inbox import Running, SubmitOrder
from desktop.domain.chat import (
    NOTHING_USED,
    SPOKEN,
    Event,
    Failed,
    Finished,
    Notice,
    Queued,
    StopReason,
)
from desktop.domain.errors import LapisError
from desktop.domain.text import Text
from desktop.inference import messages


class Requests:
    """All requests that have not ended, in the order in which they came."""

    def __init__(self) -> None:
        """Start without any."""
        self._running: dict[int, Running] = {}

    def __bool__(self) -> bool:
        return bool(self._running)

    def under_way(self) -> list[Running]:
        """Return them."""
        return list(self._running.values())

    def add(self, order: SubmitOrder) -> None:
        """Take one in; it waits to be sent."""
        self._running[order.id] = Running(order)

    def send(self, process_send: Callable[[messages.Command], None]) -> bool:
        """Send all that wait; return whether the KV state of one of them is worth keeping."""
        keeps = False
        for running in self.under_way():
            if running.sent:
                continue
            try:
                process_send(running.order.command())
            except messages.ProtocolError:
                self.end(running.order.id, Failed(explain.explain_unsendable()))
                continue
            except LapisError as error:
                self.end(running.order.id, Failed(error))
                continue
            running.sent = True
            running.place = 0
            keeps |= running.order.keeps
        return keeps

    def show_places(self) -> None:
        """Tell each that waits to be sent its place, where that has changed."""
        waiting = [running for running in self.under_way() if not running.sent]
        for place, running in enumerate(waiting, start=1):
            if running.place != place:
                running.place = place
                running.order.listener(Queued(place))

    def notice(self, text: Text) -> None:
        """Tell all what was changed on their behalf."""
        for running in self.under_way():
            running.order.listener(Notice(text))

    def cancel(self, number: int) -> bool:
        """Stop one; return whether the process has to be told."""
        running = self._running.get(number)
        if running is None or running.cancelled:
            return False
        running.cancelled = running.sent
        if not running.sent:
            self.end(number, Finished(StopReason.STOPPED, NOTHING_USED))
        return running.sent

    def tell(self, number: int, event: Event) -> None:
        """Pass an event of the process on; unknown numbers are ignored."""
        running = self._running.get(number)
        if running is None:
            return
        match event:
            case Finished(reason=reason) if (
                running.order.deliver is not None and reason is not StopReason.STOPPED
            ):
                # Asked for numbers, and given none.
                self.end(number, Failed(explain.explain_nonsense_answer()))
            case Finished() | Failed():
                self.end(number, event)
            case _:
                running.spoken |= isinstance(event, SPOKEN)
                running.order.listener(event)

    def deliver(self, report: messages.Embedded | messages.RawLooped) -> None:
        """Pass on a result that is no event, and end its request."""
        running = self._running.get(report.id)
        if running is None or running.order.deliver is None:
            return
        if running.order.deliver(report):
            read = report.prompt_tokens if isinstance(report, messages.Embedded) else 0
            self.end(
                report.id, Finished(StopReason.STOP, replace(NOTHING_USED, prompt_tokens=read))
            )
        else:
            self.end(report.id, Failed(explain.explain_nonsense_answer()))

    def end(self, number: int, event: Finished | Failed) -> None:
        """End one, if it has not ended yet."""
        running = self._running.pop(number, None)
        if running is not None:
            running.order.listener(event)

    def fail(self, error: LapisError) -> None:
        """End all as failed."""
        for running in self.under_way():
            self.end(running.order.id, Failed(error))

    def stop(self, *, only_sent: bool) -> None:
        """End all, or those the process knows of, as stopped."""
        for running in self.under_way():
            if running.sent or not only_sent:
                self.end(running.order.id, Finished(StopReason.STOPPED, NOTHING_USED))

    def outlive(self, error: LapisError) -> None:
        """After a death: end what was stopped, spoken or tried twice; the others wait again."""
        for running in self.under_way():
            number = running.order.id
            if running.cancelled:
                self.end(number, Finished(StopReason.STOPPED, NOTHING_USED))
            elif running.spoken or running.retried:
                self.end(number, Failed(error))
            elif running.sent:
                running.sent, running.retried = False, True
