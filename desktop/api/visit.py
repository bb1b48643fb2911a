"""One request of a client while it is being answered: who asks, what it took, is anybody there.

Made by the guard before anything else happens, and ended by it: whatever was begun for the client is
stopped then, so that no route has to. The API's thread.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from desktop.domain.api import Access
from desktop.domain.chat import Usage

IN_SCOPE: Final = "lapis.visit"
"""Where the guard puts the visit for whoever comes after it."""


@dataclass(slots=True, eq=False)
class Visit:
    """What is known of a request so far; `model` is set by whoever finds it.

    `is_gone`: the client left, or did not read, or the answer is complete.
    """

    client: str
    agent: str
    method: str
    route: str
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_gone: bool = False
    _began: float = field(default_factory=time.monotonic)
    _time: float = field(default_factory=time.time)
    _stops: list[Callable[[], None]] = field(default_factory=list)

    def when_gone(self, stop: Callable[[], None]) -> None:
        """Call `stop` when the client has gone, at once if it has; it must not wait."""
        if self.is_gone:
            stop()
        else:
            self._stops.append(stop)

    def leave(self) -> None:
        """Stop what was begun for the client; idempotent."""
        self.is_gone = True
        stops, self._stops = self._stops, []
        for stop in stops:
            stop()

    def count(self, usage: Usage) -> None:
        """Add what an answer took; several answers to one question have one prompt."""
        self.prompt_tokens = max(self.prompt_tokens, usage.prompt_tokens)
        self.completion_tokens += usage.completion_tokens

    def access(self, status: int) -> Access:
        """Return what is told of this request when it has ended with `status`."""
        return Access(
            time=self._time,
            client=self.client,
            agent=self.agent,
            method=self.method,
            route=self.route,
            status=status,
            model=self.model,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            seconds=time.monotonic() - self._began,
        )


def visit_of(request: Request) -> Visit:
    """Return the visit that `request` is."""
    visit = request.scope[IN_SCOPE]
    if not isinstance(visit, Visit):
        raise TypeError("the guard made no visit")
    return visit
