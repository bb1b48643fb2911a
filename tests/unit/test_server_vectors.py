"""Vectors of servers: asked for in batches, taken only if that is what they are."""

from array import array

import pytest

from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import StopReason
from desktop.domain.errors import OddAnswer, ServerBusy
from tests.harness.listeners import Heard
from tests.unit.server_room import WORDS, Scripted, backend_of


def test_texts_become_vectors_in_batches(loop: ServerLoop) -> None:
    client = Scripted()
    backend, heard, found = backend_of(loop, client), Heard(), list[list["array[float]"]]()
    texts = ["x" * number for number in range(1, 131)]

    backend.embed(texts, found.append, heard)

    assert heard.reason() is StopReason.STOP
    assert heard.usage().prompt_tokens == 2 * 130
    assert [len(batch) for batch in client.batches] == [64, 64, 2]
    assert [vector[0] for vector in found[0]] == list(range(1, 131))


def test_a_busy_server_is_asked_for_vectors_again(loop: ServerLoop) -> None:
    client = Scripted([ServerBusy(*WORDS)])
    backend, heard, found = backend_of(loop, client), Heard(), list[list["array[float]"]]()

    backend.embed(["one"], found.append, heard)

    assert heard.reason() is StopReason.STOP
    assert len(found[0]) == 1
    assert len(client.batches) == 2


@pytest.mark.parametrize(
    "vectors",
    [
        [],
        [array("f", [1.0]), array("f", [1.0])],
        [array("f")],
        [array("f", [float("nan")])],
        [array("f", [0.0]) * 70_000],
    ],
)
def test_what_are_no_vectors_is_an_error(loop: ServerLoop, vectors: list["array[float]"]) -> None:
    client = Scripted()
    client.vectors = lambda _texts: vectors
    backend, heard, found = backend_of(loop, client), Heard(), list[list["array[float]"]]()

    backend.embed(["one"], found.append, heard)

    assert isinstance(heard.error(), OddAnswer)
    assert found == []


def test_vectors_of_different_lengths_are_an_error(loop: ServerLoop) -> None:
    client = Scripted()
    client.vectors = lambda texts: [array("f", [1.0] * len(text)) for text in texts]
    heard = Heard()

    backend_of(loop, client).embed(["a", "bb"], lambda _found: None, heard)

    assert isinstance(heard.error(), OddAnswer)
