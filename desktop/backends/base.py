"""The seam behind which everything that can answer stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from desktop.domain.chat import ChatRequest, Event
from desktop.domain.errors import LapisError
from desktop.domain.model import LoadedModel, LoadPlan
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


class Backend(Protocol):
    """Something that loads a model and answers.

    All methods may be called from any thread and return at once; callbacks come from the backend's
    own thread. `stream` and `load` in their waiting forms are built on these, in `services.engine`.
    """

    def load(self, make_plan: Callable[[], LoadPlan], *, full: bool = False) -> None:
        """Replace what is loaded. `make_plan` runs in the backend's thread; it may raise LapisError.

        With `full`, what was learned from crashes of that model is forgotten first.
        """
        ...

    def submit(self, request: ChatRequest, listener: Callable[[Event], None]) -> int:
        """Queue a request and return its number; the last event is Finished or Failed."""
        ...

    def cancel(self, request: int) -> None:
        """End a request as Finished("stopped") within 100 ms; unknown ones are ignored."""
        ...

    def unload(self) -> None:
        """Give the memory back; running requests fail."""
        ...

    def close(self) -> None:
        """Free everything; idempotent; waits a few seconds at most."""
        ...
