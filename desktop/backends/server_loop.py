"""The thread "servers": one loop for everything that is asked of servers, and the ways into it.

It starts with the first use. Whoever waits for something waits in a thread of their own, never in
the one of the window. Names are looked up, and keys fetched, in threads that nobody has to wait
for at the end.
"""

import queue
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from desktop.backends.server_words import fell_silent, no_answer, was_closed

if TYPE_CHECKING:
    import asyncio

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

_CLOSE_SECONDS: Final = 5.0
_CHECK_SECONDS: Final = 0.1


class ServerLoop:
    """All methods may be called from any thread but the loop's own."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def run(self, work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """Return what `work` comes to, or raise what it raises.

        Blocks. Raises Unreachable where it takes longer than `seconds` (it is then cancelled), and
        where the loop is closed.
        """
        future = self.start(work)
        try:
            return future.result(seconds)
        except TimeoutError:
            # One that the work itself raised is its own affair.
            if future.done() and not future.cancelled():
                raise
            raise no_answer() from None
        except CancelledError:
            raise was_closed() from None
        finally:
            future.cancel()

    def start(self, work: Coroutine[Any, Any, Result]) -> "Future[Result]":
        """Start `work` and return its future, whose `cancel` cancels it.

        Raises Unreachable where the loop is closed.
        """
        import asyncio

        # Under the guard: what is there before the end begins is ended with everything else.
        with self._guard:
            if not self._is_closed:
                return asyncio.run_coroutine_threadsafe(work, self._running())
        work.close()
        raise was_closed()

    def call(self, what: Callable[..., object], *arguments: object) -> bool:
        """Have `what` called in the loop's thread, after all that came before.

        Returns False where the loop is closed: then it is not called.
        """
        with self._guard:
            if self._is_closed:
                return False
            self._running().call_soon_threadsafe(what, *arguments)
            return True

    def each(
        self, items: AsyncGenerator[Result, None], cancel: threading.Event
    ) -> Iterator[Result]:
        """Yield what comes of `items`, until its end, or until `cancel` is set; it is then closed.

        Blocks between them; raises what they raise. Leaving the iterator closes them too.
        """
        made: queue.SimpleQueue[Result] = queue.SimpleQueue()

        async def pump() -> None:
            async with aclosing(items):
                async for item in items:
                    made.put(item)

        future = self.start(pump())
        try:
            while not cancel.is_set():
                ended = future.done()
                try:
                    yield made.get(timeout=0 if ended else _CHECK_SECONDS)
                except queue.Empty:
                    if ended:
                        future.result()
                        return
        except CancelledError:
            raise was_closed() from None
        finally:
            future.cancel()

    def close(self) -> None:
        """End everything that is under way, and the thread; idempotent."""
        with self._guard:
            self._is_closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLOSE_SECONDS)

    def _running(self) -> "asyncio.AbstractEventLoop":
        if self._loop is None:
            import asyncio

            self._loop = asyncio.new_event_loop()
            self._loop.set_default_executor(_ThreadEach())
            self._thread = threading.Thread(
                target=_run, args=(self._loop,), name="servers", daemon=True
            )
            self._thread.start()
        return self._loop


async def in_thread(call: Callable[[], Result]) -> Result:
    """Return what a blocking `call` returns, made in a thread of its own; for use in the loop."""
    import asyncio

    return await asyncio.get_running_loop().run_in_executor(None, call)


async def not_silent(
    items: AsyncGenerator[Result, None], seconds: float
) -> AsyncGenerator[Result, None]:
    """Yield `items`; raises Unreachable where the next one is more than `seconds` away."""
    import asyncio

    async with aclosing(items):
        while True:
            try:
                async with asyncio.timeout(seconds):
                    item = await anext(items)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise fell_silent() from None
            yield item


def _run(loop: "asyncio.AbstractEventLoop") -> None:
    import asyncio

    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=_CLOSE_SECONDS))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class _ThreadEach(ThreadPoolExecutor):
    """A daemon thread for each call: one that hangs, as in looking up a name, holds nobody up."""

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> "Future[Result]":
        """Call `fn` in a thread."""
        future: Future[Result] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
                future.set_exception(error)

        threading.Thread(target=call, name="servers-call", daemon=True).start()
        return future
