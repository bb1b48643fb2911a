"""Jobs that wait for a slot, in the order in which they get one. Engine process, main thread.

First come, first served; but a job that is patient, one that a program asked for beside somebody in
front of the window, lets all others go first, and leaves the last free slot to them.
"""

from collections.abc import Iterator
from itertools import chain

from desktop.inference.slot import Job


class WaitingJobs:
    """The jobs that no slot has yet."""

    def __init__(self, slots: int) -> None:
        """Begin with none, for an engine with so many slots."""
        self._kept = 1 if slots > 1 else 0
        self._jobs: list[Job] = []
        self._patient: list[Job] = []

    def __bool__(self) -> bool:
        return bool(self._jobs or self._patient)

    def __iter__(self) -> Iterator[Job]:
        return chain(self._jobs, self._patient)

    def add(self, job: Job) -> None:
        """Take in a job, behind its like."""
        self._like(job).append(job)

    def add_back(self, job: Job) -> None:
        """Take back a job that had a slot, before its like."""
        self._like(job).insert(0, job)

    def remove(self, job: Job) -> None:
        """Forget one of the jobs."""
        self._like(job).remove(job)

    def next(self, free: int) -> Job | None:
        """Return who is to begin where so many slots are free, None for nobody."""
        if self._jobs:
            return self._jobs[0] if free else None
        return self._patient[0] if self._patient and free > self._kept else None

    def _like(self, job: Job) -> list[Job]:
        return self._patient if job.order.patient else self._jobs
