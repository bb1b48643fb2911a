"""Finding out what a device is worth by using it, in an engine process that may crash or hang.

One process for each trial, none of the ladder that an answer is given: what fails here is
reported as it is. Called from any thread, which the process is tied to while it lives.
"""

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from desktop.backends import explain
from desktop.backends.ladder import cause_of
from desktop.backends.process import Death, EngineProcess
from desktop.backends.wire import device, generate_command, load_command
from desktop.domain.chat import ChatRequest
from desktop.domain.model import Device, LoadPlan
from desktop.domain.text import Text
from desktop.inference.messages import (
    Delta,
    Done,
    Loaded,
    LoadFailed,
    Ready,
    Refused,
    Report,
)

Awaited = TypeVar("Awaited", Ready, Loaded)

SEARCH_SECONDS: Final = 20.0
# A graphics driver compiles its programs when a model computes on it for the first time.
TRIAL_SECONDS: Final = 60.0
_LAST_WORDS: Final = 400


class TrialFailed(Exception):
    """It did not work: `reason` in words, and the end of what the process wrote to its stderr."""

    def __init__(self, reason: Text, last_words: str = "") -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.last_words = last_words


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial: the answer, milliseconds to load, tokens a second."""

    text: str
    load_ms: float
    tokens_per_second: float
    offloaded_layers: int


def find_devices(work_folder: Path, seconds: float = SEARCH_SECONDS) -> tuple[Device, ...]:
    """Return the devices that an engine process finds; raises TrialFailed."""
    with _engine(work_folder, seconds) as talk:
        return tuple(device(entry) for entry in talk.until(Ready).devices)


def try_plan(
    work_folder: Path, plan: LoadPlan, request: ChatRequest, seconds: float = TRIAL_SECONDS
) -> Tried:
    """Load `plan` in a process of its own, answer `request`, end it; raises TrialFailed."""
    with _engine(work_folder, seconds) as talk:
        talk.until(Ready)
        talk.process.send(load_command(plan, None, 0))
        loaded = talk.until(Loaded)
        talk.process.send(generate_command(1, request))
        text, done = talk.answer()
        return Tried(text, loaded.load_ms, done.decode_tps, loaded.offloaded_layers)


@contextmanager
def _engine(work_folder: Path, seconds: float) -> Iterator["_Talk"]:
    talk = _Talk(work_folder, seconds)
    try:
        yield talk
    finally:
        talk.process.close()


class _Talk:
    """A conversation with one engine process, which has `seconds` for all of it."""

    def __init__(self, work_folder: Path, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._inbox: queue.SimpleQueue[Report | Death] = queue.SimpleQueue()
        try:
            self.process = EngineProcess(
                work_folder,
                lambda _process, report: self._inbox.put(report),
                lambda _process, death: self._inbox.put(death),
            )
        except OSError as error:
            raise TrialFailed(
                Text(
                    "The engine could not be started: {reason}",
                    {"reason": error.strerror or str(error)},
                )
            ) from error

    def until(self, kind: type[Awaited]) -> Awaited:
        while not isinstance(report := self._next(), kind):
            if isinstance(report, LoadFailed):
                raise TrialFailed(explain.explain_load_failure(report).title, report.detail)
        return report

    def answer(self) -> tuple[str, Done]:
        text = ""
        while True:
            match self._next():
                case Delta() as report:
                    text += report.text
                case Done() as report:
                    return text, report
                case Refused() as report:
                    raise TrialFailed(explain.explain_refusal(report).title, report.detail)

    def _next(self) -> Report:
        try:
            said = self._inbox.get(timeout=max(0.0, self._end - time.monotonic()))
        except queue.Empty:
            raise TrialFailed(
                Text(
                    "It hangs: no answer within {seconds} seconds",
                    {"seconds": f"{self._seconds:g}"},
                )
            ) from None
        if isinstance(said, Death):
            raise TrialFailed(
                explain.explain_death(cause_of(said)).title, said.stderr.strip()[-_LAST_WORDS:]
            )
        self.process.handled()
        return said
