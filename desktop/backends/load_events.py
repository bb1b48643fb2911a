"""What becomes of a model that was asked for, told to whoever asked, in the engine worker thread."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from desktop.domain.errors import LapisError
from desktop.domain.model import LoadedModel
from desktop.domain.text import Text


@dataclass(frozen=True, slots=True)
class Loading:
    """Share of the weights read, 0 to 1."""

    progress: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready; `notice` says what had to be given up for it just now, or None.

    `reduced` says so for as long as it runs with less than its full settings.
    """

    model: LoadedModel
    notice: Text | None
    reduced: Text | None = None


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The model is not loaded and will not be by itself; `crashes_here`: it died twice in a row."""

    error: LapisError
    crashes_here: bool = False


@dataclass(frozen=True, slots=True)
class Unloaded:
    """Nothing is loaded; the memory is back. The next request loads again.

    `unloaded_idle`: nobody had asked anything for a while.
    """

    unloaded_idle: bool = False


LoadEvent: TypeAlias = Loading | Loaded | LoadFailed | Unloaded


class Phase(Enum):
    """What becomes of the engine process right now."""

    EMPTY = auto()
    LOADING = auto()
    READY = auto()
    LEAVING = auto()


def nobody(_event: LoadEvent) -> None:
    """Hear of nothing: no model was asked for yet."""
