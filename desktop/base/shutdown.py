"""Ending in order, once: each stage is tried, whatever became of the one before.

Plain Python; runs in the thread that calls `run`.
"""

import logging
from collections.abc import Callable

__all__ = ["Shutdown"]

_log = logging.getLogger(__name__)


class Shutdown:
    """Stages run in the order in which they were added."""

    def __init__(self) -> None:
        """Start without stages."""
        self._stages: list[tuple[str, Callable[[], object]]] = []
        self._done = False

    @property
    def done(self) -> bool:
        """Whether the end has begun."""
        return self._done

    def add(self, name: str, stage: Callable[[], object]) -> None:
        """Run `stage` at the end; `name` is for the log."""
        self._stages.append((name, stage))

    def run(self) -> None:
        """Run all stages; a second call does nothing."""
        if self._done:
            return
        self._done = True
        for name, stage in self._stages:
            try:
                stage()
            except Exception:  # noqa: BLE001 - the stages after it must have their turn
                _log.exception("shutdown stage %s failed", name)
