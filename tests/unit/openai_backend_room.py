"""Clients of OpenAI-compatible servers for tests, and answers as lists of events."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

from desktop.backends.openai import OpenAIClient
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Finished,
    Message,
    ReasoningDelta,
    Role,
    Sampling,
    TextDelta,
)
from desktop.domain.connection import Connection, ServerKind
from desktop.hub.network import Network
from desktop.hub.server_http import http_options

Result = TypeVar("Result")
GREEDY = Sampling(temperature=0, max_tokens=12)


def client_of(address: str, key: str = "", certificates: Path | None = None) -> OpenAIClient:
    """Return a client of the server at `address`, which is nowhere but on this computer."""
    network = Network(certificates=str(certificates or ""))
    options = http_options(network, address, "httpx2", key=key, read_seconds=None)
    return OpenAIClient(Connection(ServerKind.OPENAI, "tests", address), options, key)


def with_client(
    address: str,
    work: Callable[[OpenAIClient], Awaitable[Result]],
    key: str = "",
    certificates: Path | None = None,
) -> Result:
    """Return what `work` makes of a client."""

    async def whole() -> Result:
        client = client_of(address, key, certificates)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(whole())


def asked(address: str, *requests: ChatRequest, model: str = "tiny", key: str = "") -> list[Event]:
    """Return the events of the last of `requests`, asked one after the other by one client."""

    async def work(client: OpenAIClient) -> list[Event]:
        events: list[Event] = []
        for request in requests:
            events = await collected(client, request, model)
        return events

    return with_client(address, work, key)


async def collected(
    client: OpenAIClient, request: ChatRequest, model: str = "tiny", into: list[Event] | None = None
) -> list[Event]:
    """Return the events of a request; `into` has them even where it fails."""
    events = [] if into is None else into
    async with aclosing(client.stream(model, request, 0)) as stream:
        async for event in stream:
            events.append(event)
    return events


def question(text: str, sampling: Sampling = GREEDY) -> ChatRequest:
    """Return a conversation of one question."""
    return ChatRequest((Message(Role.USER, text),), sampling)


def text_of(events: list[Event]) -> str:
    """Return what was said."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def thoughts_of(events: list[Event]) -> str:
    """Return what was thought."""
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


def end_of(events: list[Event]) -> Finished:
    """Return the end, which is the last event and the only one."""
    ends = [event for event in events if isinstance(event, Finished)]
    assert ends == events[-1:]
    return ends[0]
