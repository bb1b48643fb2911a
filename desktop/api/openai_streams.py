"""Streams of OpenAI's interface: server-sent events, the pieces of several answers in one of them.

While there is nothing to say yet, comments go over the stream, which clients skip. The API's thread.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeAlias

from starlette.responses import Response

from desktop.api import errors
from desktop.api.answering import Answer, begin
from desktop.api.door import Door
from desktop.api.openai_replies import STILL_THERE
from desktop.api.refused import AGAIN_SECONDS, Refused
from desktop.api.streams import PATIENCE_SECONDS, opened
from desktop.api.visit import Visit
from desktop.domain.chat import ChatRequest, Event, Finished, StopReason
from desktop.domain.errors import LapisError
from desktop.services.model_turns import Wanted

Pieces: TypeAlias = Callable[[Sequence[Answer]], AsyncIterator[bytes]]


def stopped() -> Refused:
    """Return what is told of an answer that was stopped here: a part is never given as the whole."""
    return Refused(
        503, "The answer was stopped before its end", code="stopped", seconds=AGAIN_SECONDS
    )


async def streamed(
    door: Door,
    visit: Visit,
    requests: Sequence[ChatRequest],
    wanted: Wanted,
    pieces: Pieces,
    failed: Callable[[Refused | LapisError], bytes] | None = None,
    patience: float = PATIENCE_SECONDS,
) -> Response:
    """Return the stream of the answers to `requests`, which `pieces` writes.

    Raises LapisError while nothing was sent. What fails later is written by `failed`, usually as an
    event of its own, after which the whole follows no more.
    """
    return await opened(
        asyncio.gather(*(begin(door, visit, request, wanted) for request in requests)),
        pieces,
        still_there=lambda: STILL_THERE,
        failed=failed or (lambda error: b"data: " + errors.encoded(visit.route, error) + b"\n\n"),
        media_type="text/event-stream",
        patience=patience,
    )


async def together(answers: Sequence[Answer]) -> AsyncIterator[tuple[int, Event]]:
    """Yield the events of all `answers` as they come, with the number of the answer.

    Raises LapisError, or Refused where an answer was stopped.
    """
    if len(answers) == 1:
        async for event in answers[0]:
            yield 0, _unstopped(event)
        return
    waiting = {asyncio.ensure_future(anext(answer)): i for i, answer in enumerate(answers)}
    try:
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for each in sorted(done, key=lambda task: waiting[task]):
                number = waiting.pop(each)
                event = _unstopped(each.result())
                if not isinstance(event, Finished):
                    waiting[asyncio.ensure_future(anext(answers[number]))] = number
                yield number, event
    finally:
        for each in waiting:
            each.cancel()


def _unstopped(event: Event) -> Event:
    if isinstance(event, Finished) and event.reason is StopReason.STOPPED:
        raise stopped()
    return event
