"""Has the model write down what leaves its memory. GUI thread; the engine's comes by the bridge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from PySide6.QtCore import QObject

from desktop.domain.chat import ChatRequest, Event, Failed, Finished, StopReason, TextDelta
from desktop.domain.errors import ContextOverflow, LapisError
from desktop.domain.text import Text
from desktop.services.context_summary import SummaryRequest, cleaned_summary, shortened_request
from desktop.services.model_turns import Wanted
from desktop.ui.bridge import Bridge

__all__ = ["SummaryEngine", "SummaryWriter"]

_SHORTENINGS = 3


class SummaryEngine(Protocol):
    """The part of `services.engine.Engine` that writes."""

    def ask(
        self,
        request: ChatRequest,
        listener: Callable[[Event], None],
        wanted: Wanted | None = None,
    ) -> int:
        """Queue a request for a model, or for the chosen one, and return its number."""
        ...

    def cancel(self, request: int) -> None:
        """Stop a request."""
        ...


@dataclass(slots=True)
class _Writing:
    engine: SummaryEngine
    asked: SummaryRequest
    wanted: Wanted | None
    done: Callable[[str, bool], None]
    failed: Callable[[LapisError], None]
    request: int = 0
    shortenings: int = 0
    pieces: list[str] = field(default_factory=list)


class SummaryWriter(QObject):
    """One summary at a time for each chat."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        """Write nothing yet."""
        super().__init__(parent)
        self._bridge = bridge
        self._tickets: dict[int, int] = {}
        self._writings: dict[int, _Writing] = {}
        bridge.event_arrived.connect(self._on_event_arrived)

    def write(
        self,
        engine: SummaryEngine,
        chat: int,
        asked: SummaryRequest,
        wanted: Wanted | None,
        done: Callable[[str, bool], None],
        failed: Callable[[LapisError], None],
    ) -> None:
        """Ask the `wanted` model; `done` is told the summary, and whether it is one of a part only."""
        self._ask(chat, _Writing(engine, asked, wanted, done, failed))

    def cancel(self, chat: int) -> None:
        """Have nothing more written for `chat`; nobody is told."""
        ticket = self._tickets.pop(chat, None)
        if ticket is not None:
            writing = self._writings.pop(ticket)
            writing.engine.cancel(writing.request)

    def _ask(self, chat: int, writing: _Writing) -> None:
        ticket = self._bridge.new_ticket()
        self._tickets[chat] = ticket
        self._writings[ticket] = writing
        writing.pieces.clear()
        listener = self._bridge.listener(ticket)
        writing.request = writing.engine.ask(writing.asked.request, listener, writing.wanted)

    def _on_event_arrived(self, ticket: int, event: Event) -> None:
        writing = self._writings.get(ticket)
        if writing is None:
            return
        match event:
            case TextDelta(text):
                writing.pieces.append(text)
            case Finished(reason):
                self._end(ticket)
                summary = cleaned_summary("".join(writing.pieces))
                if reason is StopReason.STOPPED or not summary:
                    # Nobody stopped it here: another model was loaded.
                    writing.failed(_no_summary())
                else:
                    writing.done(summary, writing.asked.is_partial)
            case Failed(error):
                self._try_shorter(self._end(ticket), writing, error)
            case _:
                pass

    def _try_shorter(self, chat: int, writing: _Writing, error: LapisError) -> None:
        shorter = None
        if isinstance(error, ContextOverflow) and writing.shortenings < _SHORTENINGS:
            shorter = shortened_request(writing.asked)
        if shorter is None:
            writing.failed(error)
            return
        writing.asked = shorter
        writing.shortenings += 1
        self._ask(chat, writing)

    def _end(self, ticket: int) -> int:
        """Forget a writing and return its chat."""
        del self._writings[ticket]
        chat = next(chat for chat, each in self._tickets.items() if each == ticket)
        del self._tickets[chat]
        return chat


def _no_summary() -> LapisError:
    return ContextOverflow(
        Text("The model gave no summary of what came before"),
        Text("Leave out the oldest turns instead, or use a larger context."),
    )
