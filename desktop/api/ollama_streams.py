"""Answers on their way to a client of Ollama: lines of JSON as they come, or all in one.

While there is nothing to say yet, empty pieces are sent; a late failure is the last line. The API's
thread.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response

from desktop.api import errors
from desktop.api.answering import Answer, begin
from desktop.api.door import Door
from desktop.api.ollama_answers import Piece, Reply, Telling, line
from desktop.api.streams import PATIENCE_SECONDS, opened
from desktop.api.visit import Visit
from desktop.domain.chat import ChatRequest, Finished
from desktop.domain.model import InstalledModel
from desktop.services.model_turns import Wanted

_LINES: Final = "application/x-ndjson"
_WHOLE: Final = "application/json"


async def streamed(
    door: Door,
    visit: Visit,
    request: ChatRequest,
    wanted: Wanted,
    telling: Telling,
    *,
    unloads: bool = False,
    patience: float = PATIENCE_SECONDS,
) -> Response:
    """Return the answer to `request` as lines; raises LapisError while nothing was sent.

    The model is unloaded before the last line if the client wants that.
    """

    async def lines(answer: Answer) -> AsyncIterator[bytes]:
        piece = Piece()
        async for event in answer:
            if isinstance(event, Finished):
                last = telling.end(piece, event)
                if unloads:
                    await let_go(door, wanted.model)
                yield line(last)
            elif piece.take(event):
                yield line(telling.piece(piece))
                piece = Piece()

    return await opened(
        begin(door, visit, request, wanted),
        lines,
        still_there=lambda: line(telling.piece(Piece())),
        failed=lambda error: errors.encoded(visit.route, error) + b"\n",
        media_type=_LINES,
        patience=patience,
    )


async def whole(
    door: Door,
    visit: Visit,
    request: ChatRequest,
    wanted: Wanted,
    telling: Telling,
    *,
    unloads: bool = False,
) -> Response:
    """Return the answer to `request` when it is complete; raises LapisError or Refused."""
    piece = Piece()
    reply: Reply = {}
    async for event in await begin(door, visit, request, wanted):
        piece.take(event)
        if isinstance(event, Finished):
            reply = telling.end(piece, event)
    if unloads:
        await let_go(door, wanted.model)
    return told(reply)


async def let_go(door: Door, model: InstalledModel) -> None:
    """Give back the memory that `model` takes, unless others wait for what it writes."""
    if not model.is_served:
        held = door.engine.here.model
        if held is None or held.path != model.path or door.engine.is_busy:
            return
    await asyncio.to_thread(door.unload, model)


def told(reply: Reply) -> Response:
    """Return `reply` as the whole answer to a request."""
    return Response(line(reply), media_type=_WHOLE)
