"""Fixtures of the tests without a window: the thread of servers, and an Ollama to ask."""

from collections.abc import Iterator

import pytest

from desktop.backends.ollama import OllamaClient
from desktop.backends.server_loop import ServerLoop
from tests.harness.ollama import OllamaServer
from tests.unit.ollama_room import GEMMA, client_of


@pytest.fixture
def loop() -> Iterator[ServerLoop]:
    """Return the thread that servers are asked in."""
    servers = ServerLoop()
    yield servers
    servers.close()


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    """Return an Ollama with one model."""
    with OllamaServer([GEMMA]) as server:
        yield server


@pytest.fixture
def client(ollama: OllamaServer, loop: ServerLoop) -> Iterator[OllamaClient]:
    """Return a client of `ollama`, which a module may have of its own."""
    made = client_of(ollama.address)
    yield made
    loop.run(made.close(), 10)
