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
class EngineMemory:
    """What the engine process holds, measured, in bytes; `gpu` is 0 where nobody tells."""

    resident: int
    gpu: int = 0


@dataclass(frozen=True, slots=True)
class LoopTimes:
    """llama.cpp's bare loop, timed: seconds for the prompt, and for each token of the answers."""

    prompt_seconds: float
    token_seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EngineState:
    """One picture of the engine, sent to observers whenever it changes.

    `progress` 0 to 1 while loading; `loaded` when ready; `error` when failed; `notice` says what
    was changed on the person's behalf just now (a safer plan), or None. `reduced` says for as long
    as it lasts why the model runs with less than its full settings. `crashes_here` means that it
    failed twice in a row and is not tried again by itself. `Engine.use_full_settings` undoes both.
    `unloaded_idle` says that an idle engine ended because nobody asked it anything. `n_ctx` is the
    context in tokens that one chat wanted the model to be loaded with, None as it is set.
    """

    phase: Phase = Phase.IDLE
    model: InstalledModel | None = None
    progress: float = 0.0
    loaded: LoadedModel | None = None
    error: LapisError | None = None
    notice: Text | None = None
    reduced: Text | None = None
    crashes_here: bool = False
    unloaded_idle: bool = False
    n_ctx: int | None = None
