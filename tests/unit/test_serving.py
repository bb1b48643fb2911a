"""Which models the local server lists, and how long it waits for servers that are to tell theirs."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from desktop.domain.model import InstalledModel
from desktop.serving import Listing

HERE = InstalledModel("here", "here", Path("/m/here.gguf"), 1)
FAR = InstalledModel("openai:box/far", "far", Path("openai:box/far"), 0, server="box")
SECONDS = 20.0


@dataclass
class Box:
    """A server, as the connections have it, that tells of its model when it may."""

    may_answer: threading.Event = field(default_factory=threading.Event)
    has_answered: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def all(self) -> tuple[Any, ...]:
        return (SimpleNamespace(name="box"),)

    def was_asked(self, _name: str) -> bool:
        return self.has_answered.is_set()

    def refresh(self) -> None:
        self.asked += 1
        assert self.may_answer.wait(SECONDS)
        self.has_answered.set()

    def models(self) -> tuple[InstalledModel, ...]:
        return (HERE, FAR) if self.has_answered.is_set() else (HERE,)

    def listing(self, patience: float) -> Listing:
        parts: Any = SimpleNamespace(connections=self, models=self)
        return Listing(parts, patience)


@pytest.fixture(name="box")
def _box() -> Iterator[Box]:
    made = Box()
    yield made
    made.may_answer.set()
    assert not made.asked or made.has_answered.wait(SECONDS)


def in_thread(call: Callable[[], object]) -> object:
    """Return what `call` returns; fails if it does not come back."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(SECONDS / 2)
    assert found, "still waiting"
    return found[0]


def test_models_of_a_server_that_answers_are_there_at_the_first_asking(box: Box) -> None:
    box.may_answer.set()
    assert box.listing(SECONDS)() == (HERE, FAR)
    assert box.asked == 1


def test_a_silent_server_keeps_nobody_from_the_models_that_are_here(box: Box) -> None:
    listing = box.listing(0.01)
    assert in_thread(listing) == (HERE,)
    assert in_thread(listing) == (HERE,)
    box.may_answer.set()
    assert box.has_answered.wait(SECONDS)
    assert listing() == (HERE, FAR)
    assert box.asked == 1


def test_what_was_asked_before_is_not_waited_for(box: Box) -> None:
    box.has_answered.set()
    assert box.listing(SECONDS)() == (HERE, FAR)
    assert box.asked == 0
