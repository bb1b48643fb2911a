"""Questions that the portal answers later, by a signal from an object made for each.

Source: the interface org.freedesktop.portal.Request of xdg-desktop-portal. GUI thread.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

from desktop.system.hotkey.portal_timers import Timers
from desktop.system.hotkey.portal_values import (
    TIMED_OUT,
    Reply,
    Variant,
)
from desktop.system.session_bus import PORTAL, PORTAL_PATH, REQUEST, Service

if TYPE_CHECKING:
    from desktop.system.hotkey.portal_bus import Bus


@dataclass(frozen=True, slots=True)
class Answer:
    """What the portal said: `code` 0 done, 1 declined by the person, 2 something else.

    `error` is the name of a D-Bus error or `TIMED_OUT`, with what it says in `words`; then there is
    no code.
    """

    code: int = -1
    results: Mapping[str, Variant] = field(default_factory=dict[str, Variant])
    error: str = ""
    words: str = ""


Answered: TypeAlias = Callable[[Answer], None]


@dataclass(slots=True)
class _Question:
    answered: Answered
    path: str
    timer: int | None


class Requests:
    """The questions that are open on one connection."""

    def __init__(self, bus: "Bus", timers: Timers) -> None:
        """`bus` has its unique name by the time of the first question."""
        self._bus = bus
        self._timers = timers
        self._numbers = count(1)
        self._open: dict[str, _Question] = {}

    def ask(
        self,
        service: Service,
        member: str,
        signature: str,
        body: Sequence[Any],
        options: Mapping[str, Variant],
        answered: Answered,
        seconds: float | None,
    ) -> str:
        """Call a method whose last argument is `options`; return the token of the question.

        `answered` gets what came of it, or `TIMED_OUT` after `seconds` (None: a person is asked).
        """
        token = f"lapis{next(self._numbers)}"
        sender = self._bus.unique_name.removeprefix(":").replace(".", "_")
        path = f"{PORTAL_PATH}/request/{sender}/{token}"
        timer = None
        if seconds is not None:
            timer = self._timers.start(
                seconds, lambda: self._settle(token, Answer(error=TIMED_OUT))
            )
        # Before it is sent: the answer may come on the heels of the reply.
        self._open[token] = _Question(answered, path, timer)
        all_options = {**options, "handle_token": ("s", token)}
        self._bus.call(
            service,
            member,
            signature,
            (*body, all_options),
            lambda reply: self._on_reply(token, reply),
        )
        return token

    def on_response(self, path: str, body: tuple[Any, ...]) -> None:
        """Take the signal `Response` of the object at `path`."""
        match body:
            case (int(code), dict(results)):
                found = [token for token, one in self._open.items() if one.path == path]
                for token in found:
                    self._settle(token, Answer(code, results))
            case _:
                return

    def withdraw(self, token: str) -> None:
        """Take a question back: a dialog that asks it goes away."""
        question = self._drop(token)
        if question is not None:
            self._bus.call(Service(PORTAL, question.path, REQUEST), "Close", "", ())

    def forget(self) -> None:
        """Wait for no answer any more."""
        for token in list(self._open):
            self._drop(token)

    def _on_reply(self, token: str, reply: Reply) -> None:
        question = self._open.get(token)
        if question is None:
            return
        if reply.error:
            self._settle(token, Answer(error=reply.error, words=reply.words))
        elif reply.body and isinstance(reply.body[0], str):
            # Very old portals choose the path themselves.
            question.path = reply.body[0]

    def _settle(self, token: str, answer: Answer) -> None:
        question = self._drop(token)
        if question is not None:
            question.answered(answer)

    def _drop(self, token: str) -> _Question | None:
        question = self._open.pop(token, None)
        if question is not None and question.timer is not None:
            self._timers.stop(question.timer)
        return question
