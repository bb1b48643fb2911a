"""One job in a process of its own, which may crash or hang and ends with the job.

The same kind of process as the engine's: nothing of ours but an empty folder, the first to go when
memory runs out, dead when Lapis dies. Called from any thread, to which the process is tied while it
lives.
"""

import queue
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from desktop.backends import explain
from desktop.backends.ladder import Cause, cause_of
from desktop.backends.process import Death, EngineProcess
from desktop.base.cancelling import never
from desktop.domain.errors import EngineDied
from desktop.domain.text import Text
from desktop.inference.messages import ProtocolError, Report
from desktop.inference.side_messages import (
    Advanced,
    DocumentRead,
    JobFailed,
    Measured,
    Predicted,
    Previewed,
    Quantised,
    SideOrder,
)

Outcome = TypeVar("Outcome", Predicted, Quantised, Previewed, Measured, DocumentRead)

SIDE_JOB: Final = "desktop.inference.side_jobs:main"
_TICK_SECONDS: Final = 0.2


class Cancelled(Exception):
    """The job was ended because nobody wants it any more."""


class JobRefused(Exception):
    """The job came to nothing; `kind` and `detail` as in `side_messages.JobFailed`."""

    def __init__(self, report: JobFailed) -> None:
        """Keep what was said."""
        super().__init__(f"{report.kind}: {report.detail}")
        self.kind = report.kind
        self.detail = report.detail


class JobDied(EngineDied):
    """The process ended, or was ended, in the middle of its job: why, and at which step."""

    def __init__(self, cause: Cause, step: str) -> None:
        """Say it in words."""
        super().__init__(explain.explain_death(cause).title, _hint(cause))
        self.cause = cause
        self.step = step


def _ignore(_elements: int | None) -> None:
    """Do not look at the progress."""


def run_job(
    work_folder: Path,
    order: SideOrder,
    outcome: type[Outcome],
    *,
    patience: float,
    cancelled: Callable[[], bool] = never,
    tick: Callable[[int | None], None] = _ignore,
) -> Outcome:
    """Return what came of `order`; whatever happens, the process is gone afterwards.

    `tick` is called a few times a second, with the numbers written when they are reported, else
    with None. Without a report for `patience` seconds the process is held to hang; those in which
    the computer slept do not count. `cancelled` is asked as often.

    Raises JobRefused, Cancelled, or LapisError: JobDied, or one that says why the process could
    not be started.
    """
    inbox: queue.SimpleQueue[Report | Death] = queue.SimpleQueue()
    try:
        process = EngineProcess(
            work_folder,
            lambda _process, report: inbox.put(report),
            lambda _process, death: inbox.put(death),
            SIDE_JOB,
        )
    except OSError as error:
        raise explain.explain_no_start(error) from error
    try:
        process.send(order)
        quiet = 0
        while True:
            if cancelled():
                raise Cancelled
            try:
                said = inbox.get(timeout=_TICK_SECONDS)
            except queue.Empty:
                quiet += 1
                if quiet * _TICK_SECONDS >= patience:
                    raise JobDied(Cause.SILENCE, "") from None
                tick(None)
                continue
            quiet = 0
            if isinstance(said, Death):
                raise JobDied(cause_of(said), said.step)
            process.handled()
            if isinstance(said, Advanced):
                tick(max(0, said.elements))
            elif isinstance(said, JobFailed):
                raise JobRefused(said)
            elif isinstance(said, outcome):
                return said
            else:
                raise JobDied(Cause.NONSENSE, "")
    except ProtocolError as error:
        raise explain.explain_unsendable() from error
    finally:
        process.close()


def _hint(cause: Cause) -> Text:
    match cause:
        case Cause.MEMORY | Cause.NO_MEMORY | Cause.CARD_MEMORY:
            return Text("Nothing was changed. Close other programs and try again.")
        case Cause.ABORT | Cause.CRASH:
            return Text("Nothing was changed. Verify the model file, or download it again.")
        case Cause.REPLACED:
            return Text("Nothing was changed. Quit Lapis and start it again.")
        case _:
            return Text("Nothing was changed. Try again.")
