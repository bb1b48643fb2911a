"""What of the engine, and of the models that are there, answers in chats need."""

from collections.abc import Callable, Sequence
from typing import Protocol

from desktop.domain.chat import ChatRequest, Event
from desktop.domain.engine import EngineState
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.services.model_turns import Wanted

__all__ = ["AnswerEngine", "ChosenModels", "CountingEngine"]


class AnswerEngine(Protocol):
    """The part of `services.engine.Engine` that answers."""

    @property
    def state(self) -> EngineState:
        """Return the latest picture, which may be ahead of the bridge."""
        ...

    def ask(
        self,
        request: ChatRequest,
        listener: Callable[[Event], None],
        wanted: Wanted | None = None,
    ) -> int:
        """Queue a request for a model, or for the chosen one, and return its number."""
        ...

    def cancel(self, request: int) -> None:
        """Stop a request."""
        ...

    def use_full_settings(self, model: InstalledModel) -> None:
        """Load `model` without what was given up for it after crashes."""
        ...

    def forget_states(self) -> None:
        """Drop what was kept of texts that were read."""
        ...


class CountingEngine(Protocol):
    """The part of `services.engine.Engine` that counts."""

    @property
    def state(self) -> EngineState:
        """Return the latest picture."""
        ...

    def count(
        self,
        requests: Sequence[ChatRequest],
        listener: Callable[[tuple[int, ...] | LapisError | None], None],
        *,
        purpose: int = 0,
    ) -> None:
        """Count the prompts of these requests."""
        ...


class ChosenModels(Protocol):
    """The part of `ModelController` that knows models."""

    @property
    def general(self) -> InstalledModel | None:
        """Return the model of chats that have none of their own."""
        ...

    def find(self, name: str) -> InstalledModel:
        """Return the model of that name or path; raises LapisError."""
        ...
