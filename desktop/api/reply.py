"""The two ends of a request as the guard holds them: what comes of its body, what goes back.

ASGI, the API's thread.
"""

import asyncio
import re
from email.utils import formatdate
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from desktop.api import errors, who
from desktop.api.limits import Patience
from desktop.api.refused import Refused

ABORT: Final = "lapis.abort"
"""Where the connection's protocol puts what cuts it off."""
_HEADERS: Final = (
    (b"server", b"Lapis"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_NAMES: Final = re.compile(r"[A-Za-z0-9-]{1,64}(?:\s*,\s*[A-Za-z0-9-]{1,64}){0,63}")


class Unread(Exception):
    """The client takes nothing of what it is sent."""


class Incoming:
    """The body of a request on its way in."""

    def __init__(self, receive: Receive, patience: Patience) -> None:
        """Read nothing yet."""
        self._receive = receive
        self._patience = patience
        self._is_complete = False

    async def receive(self) -> Message:
        """Return the next message of the server, the last one when the client goes away."""
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._is_complete = True
        return message

    async def read(self, most: int) -> bytes:
        """Return the whole body, `most` bytes at most; raises Refused."""
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._patience.body):
                while not self._is_complete:
                    async with asyncio.timeout(self._patience.body_piece):
                        message = await self.receive()
                    if message["type"] != "http.request":
                        raise Refused(400, "The request ended in the middle")
                    part = message.get("body", b"")
                    size += len(part)
                    if size > most:
                        raise too_large(most)
                    parts.append(part)
        except TimeoutError:
            raise Refused(408, "The body of the request did not come in time") from None
        return b"".join(parts)

    async def drain(self) -> None:
        """Let the rest of a refused body come in for a while, so that its sender gets to read."""
        try:
            async with asyncio.timeout(self._patience.draining):
                while not self._is_complete:
                    await self.receive()
        except TimeoutError:
            return


class Outgoing:
    """The answer to a request on its way out; called with ASGI's messages."""

    def __init__(self, scope: Scope, send: Send, patience: Patience) -> None:
        """Send nothing yet.

        `status` is 0 until something was sent, and stays so where nobody was there to get it.
        """
        self._scope = scope
        self._send = send
        self._seconds = patience.reading
        self._cors: tuple[tuple[bytes, bytes], ...] = ()
        self.status = 0
        self.is_complete = False
        self.is_unread = False
        self.is_left = False
        self._is_gone = False

    def leave(self) -> None:
        """Note that the client has gone; `is_left` from then on, if it did so before the end."""
        self._is_gone = True
        self.is_left = not self.is_complete

    def allow(self, origin: str) -> None:
        """Tell the browser that pages of `origin` may read the answer."""
        self._cors = (
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"vary", b"Origin"),
        )

    async def __call__(self, message: Message) -> None:
        """Pass on a message; raises Unread once the client has taken nothing for too long."""
        if message["type"] == "http.response.start":
            self.status = 0 if self._is_gone else message["status"]
            date = (b"date", formatdate(usegmt=True).encode())
            own = [date, *_HEADERS, *self._cors]
            message = {**message, "headers": [*own, *message.get("headers", ())]}
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self.is_complete = True
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(message)
        except TimeoutError:
            self.is_unread = True
            self.cut_off()
            raise Unread from None

    async def refuse(self, refused: Refused) -> None:
        """Send all that is said of a refusal, but do not end the answer yet."""
        content = errors.encoded(self._scope["path"], refused)
        named = {
            "content-type": "application/json",
            "content-length": str(len(content)),
            "connection": "close",
            **errors.headers(refused),
        }
        headers = [(name.encode(), value.encode("latin-1")) for name, value in named.items()]
        await self({"type": "http.response.start", "status": refused.status, "headers": headers})
        await self({"type": "http.response.body", "body": content, "more_body": True})

    async def end(self) -> None:
        """End an answer of which everything was sent."""
        await self({"type": "http.response.body", "body": b"", "more_body": False})

    async def preflight(self) -> None:
        """Answer a browser that asks whether a page which was let in may ask."""
        asked = who.one(self._scope, b"access-control-request-headers")
        headers = [
            (b"access-control-allow-methods", b"GET, POST, DELETE"),
            (b"access-control-max-age", b"600"),
            (b"content-length", b"0"),
        ]
        if _NAMES.fullmatch(asked):
            headers.append((b"access-control-allow-headers", asked.encode("latin-1")))
        headers.extend(
            (b"access-control-allow-" + network, b"true")
            for network in (b"private-network", b"local-network")
            if who.one(self._scope, b"access-control-request-" + network) == "true"
        )
        await self({"type": "http.response.start", "status": 204, "headers": headers})
        await self.end()

    def cut_off(self) -> None:
        """Break the connection off: nothing more can be said in an answer that has begun."""
        self._scope[ABORT]()


def too_large(most: int) -> Refused:
    """Return what is said of a body of more than `most` bytes."""
    return Refused(413, f"The body is larger than {most // 2**20} MB")
