"""What the tests of servers have in common: a server that follows a script, a question."""

import threading
from array import array
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from desktop.backends.server_backend import Patience, ServerBackend
from desktop.backends.server_client import Embedded
from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import ChatRequest, Event, Finished, Message, Role, StopReason, Usage
from desktop.domain.connection import ServedModel
from desktop.domain.text import Text
from tests.harness.listeners import Heard

QUESTION = ChatRequest((Message(Role.USER, "Why is the sky blue?"),))
USAGE = Usage(26, 6, 5, 0.0, 0.0, 0.0)
QUICK = Patience(first=0.5, between=0.2, backoff=0.01)
WORDS = Text("said"), Text("hint")
FINISHED = Finished(StopReason.STOP, USAGE)


class Silence:
    """In a script: nothing comes."""


class Scripted:
    """A server that says what it is told to: a list of events, errors or silence for each try."""

    def __init__(self, *tries: Sequence[Event | Exception | type[Silence]]) -> None:
        self.tries = list(tries)
        self.asked: list[tuple[str, int]] = []
        self.closed = threading.Event()
        self.unloaded: list[str] = []
        self.batches: list[Sequence[str]] = []
        self.vectors: Callable[[Sequence[str]], list[array[float]]] = lambda texts: [
            array("f", [len(text), 1.0]) for text in texts
        ]

    async def models(self) -> tuple[ServedModel, ...]:
        return ()

    async def details(self, model: str) -> ServedModel:
        return ServedModel("here", model)

    async def stream(
        self, model: str, request: ChatRequest, n_ctx: int
    ) -> AsyncGenerator[Event, None]:
        import asyncio

        self.asked.append((model, n_ctx))
        try:
            for said in self.tries.pop(0):
                if isinstance(said, Exception):
                    raise said
                if isinstance(said, type):
                    await asyncio.Event().wait()
                    return
                yield said
        finally:
            self.closed.set()

    async def embed(self, model: str, texts: Sequence[str]) -> Embedded:
        self.batches.append(texts)
        if self.tries and isinstance(error := self.tries.pop(0)[0], Exception):
            raise error
        return Embedded(self.vectors(texts), 2 * len(texts))

    async def unload(self, model: str) -> None:
        self.unloaded.append(model)

    async def close(self) -> None:
        raise AssertionError("not the backend's to close")


def backend_of(loop: ServerLoop, client: Any, patience: Patience = QUICK) -> ServerBackend:
    return ServerBackend(loop, client, "gemma2:9b", 4096, lambda: patience)


def ask(
    loop: ServerLoop,
    client: Any,
    patience: Patience = QUICK,
    request: ChatRequest = QUESTION,
) -> Heard:
    heard = Heard()
    backend_of(loop, client, patience).submit(request, heard)
    heard.end()
    return heard
