"""Streams of OpenAI's interface: several answers as one, begun before the client has waited too long.

A failure before the first piece is told by a status. But a model that reads a long prompt, or is
being loaded, can take minutes to say its first word, and clients and proxies give up on a server
that sends nothing for so long: after a while the stream is opened, and comments, which clients skip,
go over it until there is something to say. The API's thread.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from desktop.api import errors
from desktop.api.answering import Answer, begin
from desktop.api.door import Door
from desktop.api.openai_replies import STILL_THERE
from desktop.api.refused import Refused
from desktop.api.visit import Visit
from desktop.domain.chat import ChatRequest, Event, Finished, StopReason
from desktop.domain.errors import LapisError
from desktop.services.model_turns import Wanted

if TYPE_CHECKING:
    from starlette.responses import Response

PATIENCE_SECONDS: Final = 15.0

Pieces: TypeAlias = Callable[[Sequence[Answer]], AsyncIterator[bytes]]


def stopped() -> Refused:
    """Return what is told of an answer that was stopped here: a part is never given as the whole."""
    return Refused(503, "The answer was stopped before its end", code="stopped", seconds=2)


async def streamed(
    door: Door,
    visit: Visit,
    requests: Sequence[ChatRequest],
    wanted: Wanted,
    pieces: Pieces,
    failed: Callable[[Refused | LapisError], bytes],
    patience: float = PATIENCE_SECONDS,
) -> "Response":
    """Return the stream of the answers to `requests`, which `pieces` writes.

    Raises LapisError while nothing was sent. What fails later is written by `failed`.
    """
    from starlette.responses import StreamingResponse

    starting = asyncio.ensure_future(
        asyncio.gather(*(begin(door, visit, request, wanted) for request in requests))
    )
    await asyncio.wait((starting,), timeout=patience)
    if starting.done():
        # Raises now what it failed of.
        starting.result()

    async def sent() -> AsyncIterator[bytes]:
        try:
            while not starting.done():
                yield STILL_THERE
                await asyncio.wait((starting,), timeout=patience)
            async for piece in pieces(starting.result()):
                yield piece
        except (Refused, LapisError) as error:
            # Whatever else was begun for the client is stopped with its visit, when this ends.
            yield failed(error)
        finally:
            starting.cancel()

    return StreamingResponse(
        sent(), media_type="text/event-stream", headers={"cache-control": "no-cache"}
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


def error_event(route: str, error: "Refused | LapisError") -> bytes:
    """Return a failure as the last event of a stream; the whole follows no more."""
    return b"data: " + errors.encoded(route, error) + b"\n\n"


def _unstopped(event: Event) -> Event:
    if isinstance(event, Finished) and event.reason is StopReason.STOPPED:
        raise stopped()
    return event
