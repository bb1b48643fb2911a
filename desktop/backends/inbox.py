"""What the engine's worker thread finds in its inbox, and what it remembers of a request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from desktop.backends.base import CountListener, Listener
from desktop.backends.load_events import LoadEvent
from desktop.backends.process import Death, EngineProcess
from desktop.domain.model import LoadPlan
from desktop.inference import messages

Observer: TypeAlias = Callable[[LoadEvent], None]
Deliver: TypeAlias = Callable[[messages.Embedded | messages.RawLooped], bool]


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """Load what `make_plan` says; it runs in the worker thread and may raise LapisError.

    From now on `observer` is told what becomes of it, and nobody else. `full`: forget first what
    was learned about the model.
    """

    make_plan: Callable[[], LoadPlan]
    observer: Observer
    full: bool


@dataclass(frozen=True, slots=True)
class SubmitOrder:
    """Send what `command` makes and answer `listener`.

    `command` runs in the worker thread and may raise LapisError, which ends the request. `deliver`
    takes a result that is no event, and tells whether it was a good one; None for requests that are
    answered by events alone. `keeps`: its KV state is worth writing to the disk.
    """

    id: int
    command: Callable[[], messages.Command]
    listener: Listener
    deliver: Deliver | None = None
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class CountOrder:
    """Send `command`, made here and now, if a model is loaded, and tell `listener` the counts.

    It hears None when nothing is counted: without a model, or once another count for the same
    purpose takes its place.
    """

    id: int
    command: Callable[[], messages.Count]
    listener: CountListener


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Stop a request."""

    id: int


@dataclass(frozen=True, slots=True)
class UnloadOrder:
    """End the process."""


@dataclass(frozen=True, slots=True)
class ForgetOrder:
    """Drop every kept KV state."""


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


Item: TypeAlias = (
    LoadOrder | SubmitOrder | CountOrder | CancelOrder | UnloadOrder | ForgetOrder | Reported | Died
)


@dataclass(slots=True)
class Running:
    """A request on its way.

    `sent` to the process, or at `place` among those that wait for a load; `spoken` to the listener;
    `retried` after a death; `cancelled` so many ticks ago.
    """

    order: SubmitOrder
    sent: bool = False
    place: int = 0
    spoken: bool = False
    retried: bool = False
    cancelled: bool = False
    ticks_since_cancel: int = 0
