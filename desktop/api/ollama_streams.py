"""Answers on their way to a client of Ollama: lines of JSON as they come, or all in one.

A failure before the first piece is told by a status, later ones by a last line. A model that is
being loaded, or reads a long prompt, can be silent for minutes, and clients give up on a server that
sends nothing for so long: after a while an empty piece is sent, and another each time as much time
has gone by. The API's thread.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response, StreamingResponse

from desktop.api import errors
from desktop.api.answering import begin
from desktop.api.door import Door
from desktop.api.ollama_answers import Piece, Reply, Telling, line
from desktop.api.refused import Refused
from desktop.api.visit import Visit
from desktop.domain.chat import ChatRequest, Finished
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.services.model_turns import Wanted

PATIENCE_SECONDS: Final = 15.0
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
    starting = asyncio.ensure_future(begin(door, visit, request, wanted))
    await asyncio.wait((starting,), timeout=patience)
    if starting.done():
        # Raises now what it failed of.
        starting.result()

    async def sent() -> AsyncIterator[bytes]:
        try:
            while not starting.done():
                yield line(telling.piece(Piece()))
                await asyncio.wait((starting,), timeout=patience)
            piece = Piece()
            async for event in starting.result():
                if isinstance(event, Finished):
                    last = telling.end(piece, event)
                    if unloads:
                        await let_go(door, wanted.model)
                    yield line(last)
                elif piece.take(event):
                    yield line(telling.piece(piece))
                    piece = Piece()
        except (Refused, LapisError) as error:
            visit.leave()
            yield errors.encoded(visit.route, error) + b"\n"
        finally:
            starting.cancel()

    return StreamingResponse(sent(), media_type=_LINES)


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
