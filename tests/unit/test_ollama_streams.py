"""Lines that go out while a model is silent, and what is told when it fails after that."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.responses import StreamingResponse

from desktop.api.door import AsksEngine, Door
from desktop.api.ollama_answers import Telling, in_chat
from desktop.api.ollama_streams import streamed
from desktop.api.visit import Visit
from desktop.backends.base import Listener
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    PromptProgress,
    StopReason,
    TextDelta,
    Usage,
)
from desktop.domain.errors import LapisError, OutOfMemory
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.services.model_turns import Wanted

_MODEL = InstalledModel("slow", "slow", Path("slow"), 1)
_END = Finished(StopReason.STOP, Usage(1, 0, 1, 0.0, 0.0, 0.0))
_FULL = OutOfMemory(Text("There is not enough memory"), Text("Close something."))


class _Slow:
    """An engine that says what comes `first`, and then nothing until it is told to."""

    def __init__(self, *first: Event) -> None:
        self.first = first
        self.tell: Listener = lambda _event: None

    def ask(self, request: ChatRequest, listener: Listener, wanted: Wanted | None = None) -> int:
        self.tell = listener
        for event in self.first:
            listener(event)
        return 7

    def cancel(self, request: int) -> None:
        pass


def _door(engine: _Slow) -> Door:
    return Door(cast("AsksEngine", engine), *[cast("Any", None)] * (len(Door.__slots__) - 1))


async def _lines(response: StreamingResponse) -> AsyncIterator[dict[str, Any]]:
    async for part in response.body_iterator:
        yield json.loads(cast("bytes", part))


def _told(after: Callable[[int], tuple[Event, ...]]) -> list[dict[str, Any]]:
    """Return the lines of an answer; `after` so many lines says what the engine says then."""
    engine = _Slow()
    lines: list[dict[str, Any]] = []

    async def go() -> None:
        visit = Visit("127.0.0.1", "", "POST", "/api/chat")
        telling = Telling("slow", in_chat)
        response = await streamed(
            _door(engine), visit, ChatRequest(), Wanted(_MODEL), telling, patience=0.01
        )
        assert isinstance(response, StreamingResponse)
        async for line in _lines(response):
            lines.append(line)
            for event in after(len(lines)):
                engine.tell(event)

    asyncio.run(asyncio.wait_for(go(), 30))
    return lines


def test_a_silent_model_is_waited_for_with_empty_pieces() -> None:
    def after(count: int) -> tuple[Event, ...]:
        reading = (PromptProgress(1, 2),) if count == 1 else ()
        return (*reading, *((TextDelta("Hi"), _END) if count == 3 else ()))

    lines = _told(after)

    contents = [line["message"]["content"] for line in lines]
    assert contents[:3] == ["", "", ""]
    assert contents[-2:] == ["Hi", ""]
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((Failed(_FULL),), "There is not enough memory. Close something"),
        ((TextDelta("Hi"), Failed(_FULL)), "There is not enough memory. Close something"),
        ((Finished(StopReason.STOPPED, Usage(0, 0, 0, 0, 0, 0)),), "The answer was stopped"),
    ],
)
def test_what_fails_when_lines_have_gone_out_is_the_last_line(
    events: tuple[Event, ...], words: str
) -> None:
    lines = _told(lambda count: events if count == 2 else ())

    assert lines[-1] == {"error": words}
    assert all("error" not in line for line in lines[:-1])
    assert not any(line["done"] for line in lines[:-1])


def test_what_fails_before_anything_went_out_is_raised() -> None:
    engine = _Slow(Failed(_FULL))

    async def go() -> None:
        visit = Visit("127.0.0.1", "", "POST", "/api/chat")
        await streamed(
            _door(engine), visit, ChatRequest(), Wanted(_MODEL), Telling("slow", in_chat)
        )

    with pytest.raises(LapisError) as caught:
        asyncio.run(asyncio.wait_for(go(), 30))
    assert caught.value is _FULL
