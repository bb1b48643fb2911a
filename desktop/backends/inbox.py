"""What the engine's worker thread finds in its inbox, and what it remembers of a request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from desktop.backends.process import Death, EngineProcess
from desktop.domain.chat import ChatRequest, Event
from desktop.domain.model import LoadPlan
from desktop.inference import messages

Listener: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """Load what `make_plan` says; it runs in the worker thread and may raise LapisError."""

    make_plan: Callable[[], LoadPlan]


@dataclass(frozen=True, slots=True)
class SubmitOrder:
    """Answer a request."""

    id: int
    request: ChatRequest
    listener: Listener


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Stop a request."""

    id: int


@dataclass(frozen=True, slots=True)
class UnloadOrder:
    """End the process."""


@dataclass(frozen=True, slots=True)
class Reported:
    """The engine process said something."""

    process: EngineProcess
    report: messages.Report


@dataclass(frozen=True, slots=True)
class Died:
    """The engine process ended."""

    process: EngineProcess
    death: Death


Item: TypeAlias = LoadOrder | SubmitOrder | CancelOrder | UnloadOrder | Reported | Died


@dataclass(slots=True)
class Running:
    """A request on its way.

    `sent` to the process; `spoken` to the listener; `retried` after a death; `cancelled` so many
    ticks ago.
    """

    request: ChatRequest
    listener: Listener
    sent: bool = False
    spoken: bool = False
    retried: bool = False
    cancelled: bool = False
    ticks_since_cancel: int = 0
