"""Ending in order, once: each stage is tried, whatever became of the one before.

Plain Python; runs in the thread that calls `run`.
"""

from collections.abc import Callable

from desktop.base.guard import guarded

__all__ = ["Shutdown"]


class Shutdown:
    """Stages run in the order in which they were added."""

    def __init__(self) -> None:
        """Start without stages."""
        self._stages: list[Callable[[], None]] = []
        self._done = False

    @property
    def done(self) -> bool:
        """Whether the end has begun."""
        return self._done

    def add(self, name: str, stage: Callable[[], object]) -> None:
        """Run `stage` at the end; `name` is for the log."""
        self._stages.append(guarded(stage, f"shutdown stage {name}"))

    def run(self) -> None:
        """Run all stages; a second call does nothing."""
        if self._done:
            return
        self._done = True
        for stage in self._stages:
            stage()
