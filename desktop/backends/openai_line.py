"""An answer of an OpenAI-compatible server as it comes over the line: until its end, and how it ends.

Lives in the thread of `ServerLoop`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Final, Protocol

from desktop.backends.openai_answer import Answer
from desktop.backends.openai_errors import broke_off, no_answer, odd_answer
from desktop.backends.openai_sse import EventReader
from desktop.base.json_values import decoded, mapping, sequence
from desktop.domain.errors import NetworkError

# What an answer is followed by (usage, the mark of the end) comes at once, or not at all.
_REST_SECONDS: Final = 3.0
_DRAIN_SECONDS: Final = 1.0
_DONE: Final = b"[DONE]"


class Response(Protocol):
    """An answer whose body is not read yet, as the library hands it out."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What stands before it, found whatever the case of the names."""
        ...

    def iter_bytes(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes."""
        ...

    async def read(self) -> bytes:
        """Return all of it."""
        ...


class Line:
    """One answer: first its `values`, then `drain`."""

    def __init__(self, response: Response, answer: Answer, host: str) -> None:
        """`answer` is made of the values, and knows when it is complete."""
        self._response = response
        self._answer = answer
        self._host = host
        self._blocks = response.iter_bytes()
        self._end: float | None = None

    async def values(self) -> AsyncGenerator[object, None]:
        """Yield the pieces of the answer; raises NetworkError where it breaks off."""
        kind = self._response.headers.get("content-type", "")
        if "json" in kind:
            # It does not write bit by bit, whatever it was asked.
            whole = value_of(await self._response.read(), self._host)
            said = mapping(whole)
            if "error" not in said and not sequence(said.get("choices")):
                raise odd_answer(self._host)
            yield whole
            return
        has_said = False
        async with aclosing(self._events()) as events:
            async for data in events:
                if data.startswith(_DONE):
                    if not has_said:
                        raise no_answer(self._host)
                    return
                yield value_of(data, self._host)
                has_said = True
        if self._answer.is_complete:
            return
        if kind.startswith("text/event-stream"):
            raise broke_off(self._host) if has_said else no_answer(self._host)
        raise odd_answer(self._host)

    async def drain(self) -> None:
        """Take what follows the end, for a moment: the connection then serves the next request."""
        self._end = _now() + _DRAIN_SECONDS
        while _now() < self._end and await self._next() is not None:
            pass

    async def _events(self) -> AsyncGenerator[bytes, None]:
        reader = EventReader()
        while (block := await self._next()) is not None:
            for data in reader.feed(block):
                yield data
            if self._end is None and self._answer.is_complete:
                self._end = _now() + _REST_SECONDS
        for data in reader.rest():
            yield data

    async def _next(self) -> bytes | None:
        """Return what comes next over the line, None at its end.

        Once the answer is complete nothing more is needed: then being late, or broken off, is an
        end too.
        """
        try:
            async with asyncio.timeout_at(self._end):
                return await anext(self._blocks)
        except StopAsyncIteration:
            return None
        except (TimeoutError, NetworkError):
            if self._end is None:
                raise
            return None


def value_of(text: bytes | str, host: str) -> object:
    """Return the value of a JSON text that `host` sent; raises OddAnswer."""
    try:
        return decoded(text)
    except ValueError as error:
        raise odd_answer(host) from error


def _now() -> float:
    return asyncio.get_running_loop().time()
