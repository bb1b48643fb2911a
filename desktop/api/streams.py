"""Streams that are opened before the client has waited too long, for either protocol.

A failure before the first piece is told by a status. But a model that reads a long prompt, or is
being loaded, can take minutes to say its first word, and clients and proxies give up on a server
that sends nothing for so long: after a while the stream is opened, and something that says nothing
goes over it, again and again, until there is something to say. The API's thread.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from starlette.responses import StreamingResponse

from desktop.api.refused import Refused
from desktop.domain.errors import LapisError

PATIENCE_SECONDS: Final = 15.0

Begun = TypeVar("Begun")


async def opened(
    begins: Awaitable[Begun],
    pieces: Callable[[Begun], AsyncIterator[bytes]],
    *,
    still_there: Callable[[], bytes],
    failed: Callable[[Refused | LapisError], bytes],
    media_type: str,
    patience: float = PATIENCE_SECONDS,
) -> StreamingResponse:
    """Return the stream that `pieces` writes of what begins; raises LapisError before the first one.

    `still_there` goes out each time `patience` seconds have gone by before that. What fails later
    is written by `failed`; whatever was begun for the client is stopped with its visit.
    """
    starting = asyncio.ensure_future(begins)
    await asyncio.wait((starting,), timeout=patience)
    if starting.done():
        # Raises now what it failed of.
        starting.result()

    async def sent() -> AsyncIterator[bytes]:
        try:
            while not starting.done():
                yield still_there()
                await asyncio.wait((starting,), timeout=patience)
            async for piece in pieces(starting.result()):
                yield piece
        except (Refused, LapisError) as error:
            yield failed(error)
        finally:
            starting.cancel()

    return StreamingResponse(sent(), media_type=media_type, headers={"cache-control": "no-cache"})
