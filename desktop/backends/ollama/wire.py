"""The ollama library as the way to a server: JSON out, JSON in. Runs in the loop of `ServerLoop`.

The library's typed methods are passed by: they drop what they do not know of, in what is sent
(nested schemas of tools, `truncate`) as in what comes back (the ids of calls), and believe in
types that a hostile server need not send. Reading is left to `reading`, which believes nothing.
"""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

from desktop.backends.ollama.words import not_ollama, refusal
from desktop.base.redaction import redactor

# What the library raises where an answer, or an error in it, has not the shape that it expects.
_SHAPES: Final = (AttributeError, RecursionError, TypeError, ValueError)

_log = logging.getLogger(__name__)


class Wire:
    """Connections to one Ollama. What its transport raises in words passes through."""

    def __init__(self, address: str, options: Mapping[str, Any], key: str = "") -> None:
        """Connect to nobody yet; `options` are for the HTTP client, `transport` among them.

        `key` is given only so that it is never shown to people, whoever repeats it.
        """
        from ollama import AsyncClient

        self._key = key

        hooks = {"response": [_split_at_newlines]}
        self._client: Any = AsyncClient(host=address, event_hooks=hooks, **options)

    async def ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, model: str = ""
    ) -> dict[str, object]:
        """Return the answer to one question, which is about `model`; raises LapisError."""
        from ollama import ResponseError

        try:
            response = await self._client._request_raw(method, path, json=body)  # noqa: SLF001
            answer = response.json() if response.content.strip() else {}
        except ResponseError as error:
            raise self._refused(error, model) from None
        except _SHAPES as error:
            raise not_ollama() from error
        if not isinstance(answer, dict):
            raise not_ollama()
        return answer

    async def lines(
        self, path: str, body: Mapping[str, object], model: str
    ) -> AsyncGenerator[dict[str, object], None]:
        """Yield the answers of a stream; closing it closes the connection. Raises LapisError."""
        from ollama import ResponseError

        try:
            parts = await self._client._request(  # noqa: SLF001
                dict, "POST", path, json=body, stream=True
            )
            async with aclosing(parts):
                async for part in parts:
                    yield part
        except ResponseError as error:
            raise self._refused(error, model) from None
        except _SHAPES as error:
            raise not_ollama() from error

    async def close(self) -> None:
        """End all connections."""
        await self._client.close()

    def _refused(self, error: Any, model: str) -> Exception:
        # The library keeps the text alone; the answer that it came with is what led to the error.
        headers = getattr(getattr(error.__context__, "response", None), "headers", {})
        _log.info("Ollama answered with an error (%s)", error.status_code)
        said = error.error
        if isinstance(said, str):
            said = redactor()(said.replace(self._key, "…") if self._key else said)
        return refusal(error.status_code, said, model, headers)


async def _split_at_newlines(response: Any) -> None:
    """Have the lines of an answer end at newlines alone.

    The HTTP library ends them at U+0085 too, which Go does not escape: a model that writes one
    would tear its own answer apart.
    """

    async def lines() -> AsyncGenerator[str, None]:
        left = bytearray()
        async for block in response.aiter_bytes():
            *whole, rest = (left + block).split(b"\n")
            for line in whole:
                if line.strip():
                    yield line.decode()
            left = bytearray(rest)
        if left.strip():
            yield left.decode()

    response.aiter_lines = lines
