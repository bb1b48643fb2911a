"""One model of a server, as a backend: the door to it, open to every thread.

The answers themselves are taken in the thread of `ServerLoop`, all of them side by side: how many
a server writes at once is its own affair. Where it is too busy it is asked again, as long as
nothing of the answer has come; where it falls silent it is given up.
"""

import itertools
import logging
import math
import random
import threading
from array import array
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from desktop.backends.base import CountListener, Listener
from desktop.backends.server_asked import Asked
from desktop.backends.server_client import ServerClient
from desktop.backends.server_loop import ServerLoop
from desktop.backends.server_thinking import HeadThinking
from desktop.backends.server_words import (
    asks_again,
    broke_off,
    defect,
    fell_silent,
    no_vectors,
    without_measure,
)
from desktop.base.guard import guarded
from desktop.domain.chat import (
    NOTHING_USED,
    ChatRequest,
    Failed,
    Finished,
    Notice,
    StopReason,
)
from desktop.domain.errors import (
    ConnectionRefused,
    LapisError,
    ServerBusy,
    TooManyRequests,
    Unreachable,
)

if TYPE_CHECKING:
    import asyncio

Clients: TypeAlias = ServerClient | Callable[[], Awaitable[ServerClient]]

_CLOSE_SECONDS: Final = 2.0
_UNLOAD_SECONDS: Final = 30.0
_TEXTS_AT_ONCE: Final = 64
_MOST_DIMENSIONS: Final = 65_536
_TRIES: Final = 3
_LONGEST_WAIT: Final = 60.0
_MOST_CHARACTERS: Final = 16 * 2**20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may be silent, in seconds.

    `first`: until the first piece, while it may load a model and read a long prompt. `between`:
    until the next one; a call of a tool may come as a whole. `backoff`: before it is asked again
    where it is too busy, doubled each time, unless it says itself how long.
    """

    first: float = 600.0
    between: float = 300.0
    backoff: float = 1.0


class ServerBackend:
    """All methods may be called from any thread; listeners are called from the loop's thread."""

    def __init__(
        self,
        loop: ServerLoop,
        client: Clients,
        model: str,
        n_ctx: int = 0,
        patience: Callable[[], Patience] = Patience,
    ) -> None:
        """Nothing is asked of the server yet.

        `client` stays whoever's it is: it is not closed here. Where it is a function, that is
        awaited in the loop before each request. `model` is the server's own name of it, `n_ctx`
        the context window to be had in tokens, 0 where it is left to the server.
        """
        self._loop = loop
        self._client = client
        self._model = model
        self._n_ctx = n_ctx
        self._patience = patience
        self._ids = itertools.count(1)
        # Touched in the loop's thread alone.
        self._under_way: dict[int, tuple[Asked, asyncio.Task[None]]] = {}
        self._was_asked = False
        self._is_closed = False

    def submit(self, request: ChatRequest, listener: Listener) -> int:
        """Ask at once, and return the number of the request."""
        return self._begin(listener, lambda asked: self._answer(asked, request))

    def embed(
        self,
        texts: Sequence[str],
        deliver: Callable[[list["array[float]"]], None],
        listener: Listener,
    ) -> int:
        """Have texts turned into vectors, given to `deliver` before Finished."""
        return self._begin(listener, lambda asked: self._vectors(asked, texts, deliver))

    def count(
        self,
        requests: Sequence[ChatRequest],  # noqa: ARG002 - no server counts them
        listener: CountListener,
        purpose: int,  # noqa: ARG002
    ) -> None:
        """Call `listener` with None: only the server could tell, and none does without answering."""
        guarded(listener, "a listener of counts")(None)

    def cancel(self, request: int) -> None:
        """Stop a request; its connection is closed, so that the server stops as well."""
        self._loop.call(self._stop, request)

    def unload(self) -> None:
        """Have the server give the memory back, where it can be asked to."""
        self._begin(lambda _event: None, self._unload)

    def close(self) -> None:
        """End what is under way as stopped."""
        self._is_closed = True
        if not self._was_asked:
            return

        async def stop_all() -> None:
            for number in tuple(self._under_way):
                self._stop(number)

        with suppress(Unreachable):  # the loop has ended them already
            self._loop.run(stop_all(), _CLOSE_SECONDS)

    def _begin(self, listener: Listener, work: Callable[[Asked], Awaitable[None]]) -> int:
        number = next(self._ids)
        asked = Asked(guarded(listener, "a listener"))
        self._was_asked = True
        if self._is_closed or not self._loop.call(self._start, number, asked, work):
            # Not in the thread of who asks: they may hold what the listener waits for.
            threading.Thread(target=asked.stop, name="servers-call", daemon=True).start()
        return number

    def _start(self, number: int, asked: Asked, work: Callable[[Asked], Awaitable[None]]) -> None:
        import asyncio

        async def whole() -> None:
            try:
                await work(asked)
            except LapisError as error:
                asked.hear(Failed(error))

        def ended(task: "asyncio.Task[None]") -> None:
            self._under_way.pop(number, None)
            if task.cancelled():
                asked.stop()
            elif (error := task.exception()) is not None:
                _log.error("defect in an answer of a server", exc_info=error)
                asked.hear(Failed(defect()))

        task = asyncio.get_running_loop().create_task(whole())
        self._under_way[number] = asked, task
        task.add_done_callback(ended)

    def _stop(self, number: int) -> None:
        if (found := self._under_way.get(number)) is not None:
            asked, task = found
            asked.stop()
            task.cancel()

    async def _answer(self, asked: Asked, request: ChatRequest) -> None:
        async def ask(still_there: Callable[[], None]) -> None:
            client = await self._ready()
            split = HeadThinking(goes_on=request.continue_answer)
            # What a text is gone on with, or a shape, is taken as it is.
            is_plain = request.prompt is not None or request.grammar is not None
            try:
                async with aclosing(client.stream(self._model, request, self._n_ctx)) as events:
                    async for event in events:
                        for told in (event,) if is_plain else split.sorted(event):
                            asked.hear(told)
                        if asked.has_ended:
                            return
                        if asked.characters > _MOST_CHARACTERS:
                            raise without_measure()
                        still_there()
            finally:
                for told in split.rest():
                    asked.hear(told)

        await self._insist(asked, ask)
        if not asked.has_ended:
            raise broke_off()

    async def _vectors(
        self,
        asked: Asked,
        texts: Sequence[str],
        deliver: Callable[[list["array[float]"]], None],
    ) -> None:
        found: list[array[float]] = []
        tokens: list[int] = []
        for begin in range(0, len(texts), _TEXTS_AT_ONCE):
            batch = texts[begin : begin + _TEXTS_AT_ONCE]

            async def ask(_still_there: Callable[[], None], batch: Sequence[str] = batch) -> None:
                client = await self._ready()
                told = await client.embed(self._model, batch)
                found.extend(_checked(told.vectors, len(batch)))
                tokens.append(told.tokens)

            await self._insist(asked, ask)
        if len({len(vector) for vector in found}) > 1:
            raise no_vectors()
        guarded(deliver, "a taker of vectors")(found)
        usage = replace(NOTHING_USED, prompt_tokens=sum(tokens))
        asked.hear(Finished(StopReason.STOP, usage))

    async def _unload(self, asked: Asked) -> None:
        import asyncio

        try:
            async with asyncio.timeout(_UNLOAD_SECONDS):
                client = await self._ready()
                await client.unload(self._model)
        except TimeoutError:
            raise fell_silent() from None
        asked.stop()

    async def _ready(self) -> ServerClient:
        return await self._client() if callable(self._client) else self._client

    async def _insist(
        self, asked: Asked, ask: Callable[[Callable[[], None]], Awaitable[None]]
    ) -> None:
        """Do `ask`, and again after a while where the server asks for patience.

        What `ask` is given it has to call with every sign of life of the server.
        """
        import asyncio

        now = asyncio.get_running_loop().time
        for tried in itertools.count(1):
            patience = self._patience()
            try:
                async with asyncio.timeout(patience.first) as limit:

                    def still_there(
                        limit: asyncio.Timeout = limit, patience: Patience = patience
                    ) -> None:
                        seconds = patience.between if asked.has_spoken else patience.first
                        limit.reschedule(now() + seconds)

                    await ask(still_there)
            except TimeoutError:
                raise fell_silent() from None
            except (TooManyRequests, ServerBusy, ConnectionRefused) as error:
                wait = _seconds_until_again(error, tried, patience.backoff)
                if asked.has_spoken or wait is None:
                    raise
                asked.hear(Notice(asks_again(error, wait), passes=True))
                await asyncio.sleep(wait)
            else:
                return


def _seconds_until_again(error: LapisError, tried: int, backoff: float) -> float | None:
    """Return how long to wait after the try of that number, None for giving up."""
    if tried >= _TRIES or (isinstance(error, ConnectionRefused) and tried > 1):
        return None
    wait = backoff * 2 ** (tried - 1)
    if isinstance(error, TooManyRequests | ServerBusy):
        wait = max(wait, error.seconds)
    # Not all of those who were turned away come back in the same moment.
    return wait * random.uniform(1.0, 1.25) if wait <= _LONGEST_WAIT else None  # noqa: S311


def _checked(vectors: Sequence["array[float]"], count: int) -> Sequence["array[float]"]:
    good = len(vectors) == count and all(
        0 < len(vector) <= _MOST_DIMENSIONS and all(map(math.isfinite, vector))
        for vector in vectors
    )
    if not good:
        raise no_vectors()
    return vectors
