"""A listener for tests: what a backend tells of one request, and waiting for its end."""

import threading

from desktop.domain.chat import (
    Event,
    Failed,
    Finished,
    Notice,
    ReasoningDelta,
    StopReason,
    TextDelta,
    Usage,
)
from desktop.domain.errors import LapisError
from tests.harness.waiting import wait_for


class Heard:
    """Call it with each event."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._guard = threading.Lock()

    def __call__(self, event: Event) -> None:
        with self._guard:
            self._events.append(event)

    @property
    def events(self) -> list[Event]:
        """All events so far."""
        with self._guard:
            return list(self._events)

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def thinking(self) -> str:
        """What was thought so far."""
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def notices(self) -> list[str]:
        """What was said about changes, in English."""
        return [str(event.text) for event in self.events if isinstance(event, Notice)]

    @property
    def ends(self) -> list[Finished | Failed]:
        """The last events; a good backend has told of one."""
        return [event for event in self.events if isinstance(event, Finished | Failed)]

    def end(self, seconds: float = 10.0) -> Finished | Failed:
        """Wait for the end, and return it."""
        return wait_for(lambda: self.ends, seconds, lambda: f"no end after {self.events}")[0]

    def reason(self, seconds: float = 10.0) -> StopReason:
        """Wait for an end without an error, and return why."""
        return self._finished(seconds).reason

    def usage(self, seconds: float = 10.0) -> Usage:
        """Wait for an end without an error, and return its usage."""
        return self._finished(seconds).usage

    def error(self, seconds: float = 10.0) -> LapisError:
        """Wait for an end with an error, and return that."""
        end = self.end(seconds)
        assert isinstance(end, Failed), f"no error but {end}"
        return end.error

    def _finished(self, seconds: float) -> Finished:
        end = self.end(seconds)
        assert isinstance(end, Finished), f"ended with {end.error!r}"
        return end
