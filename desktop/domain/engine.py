"""The engine as its watchers see it."""

from dataclasses import dataclass
from enum import StrEnum

from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel, LoadedModel
from desktop.domain.text import Text


class Phase(StrEnum):
    """Where the engine stands."""

    IDLE = "idle"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EngineState:
    """One picture of the engine, sent to observers whenever it changes.

    `progress` 0 to 1 while loading; `loaded` when ready; `error` when failed; `notice` says what
    was changed on the person's behalf (a safer plan), or None.
    """

    phase: Phase = Phase.IDLE
    model: InstalledModel | None = None
    progress: float = 0.0
    loaded: LoadedModel | None = None
    error: LapisError | None = None
    notice: Text | None = None
