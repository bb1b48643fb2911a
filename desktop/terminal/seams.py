"""What a terminal chat needs from the rest of Lapis, as narrow as it gets."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from desktop.base.translation import Translator
from desktop.domain.chat import ChatRequest, Event
from desktop.domain.engine import EngineState
from desktop.domain.model import InstalledModel
from desktop.terminal.output import Screen


class Answers(Protocol):
    """Whatever answers: the engine, or a script of events in a test."""

    @property
    def state(self) -> EngineState:
        """Return the latest picture of the model."""
        ...

    def stream(self, request: ChatRequest, cancel: threading.Event) -> Iterator[Event]:
        """Yield the events of one answer; the last is Finished or Failed."""
        ...


class SwitchableAnswers(Answers, Protocol):
    """An engine whose model can be changed."""

    def choose(self, model: InstalledModel) -> None:
        """Start loading `model`; returns at once."""
        ...


class Models(Protocol):
    """The models that can be chosen."""

    def models(self) -> list[InstalledModel]:
        """Return all of them, the guide first."""
        ...

    def find(self, name_or_path: str) -> InstalledModel:
        """Return the one meant; raises ModelNotFound or ModelFileError."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything a chat works with. `check` raises LapisError if a model cannot be loaded."""

    engine: SwitchableAnswers
    models: Models
    check: Callable[[InstalledModel], object]
    words: Translator
    screen: Screen
