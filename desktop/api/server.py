"""The local server as a thread: an event loop with uvicorn's protocol, our guard, and our sockets.

uvicorn's own loop looks ten times a second whether it is to end; this one sleeps until somebody
asks. `start_server` may be called from any thread but the GUI's, for it imports FastAPI.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from fastapi import FastAPI
from uvicorn.config import Config
from uvicorn.server import ServerState

from desktop.api.app import make_app
from desktop.api.connection import Connection
from desktop.api.door import Door
from desktop.api.guard import Guard, House
from desktop.api.limits import LARGEST_HEAD, MOST_REQUESTS, Patience
from desktop.api.sockets import addresses_of, is_beyond, listen
from desktop.services.local_api import Listening

_USUAL_SLOTS: Final = 4
_USUAL_PATIENCE: Final = Patience()
_END_SECONDS: Final = 5.0
_GRACE_SECONDS: Final = 1.0


class ApiServer:
    """A server that listens; made by `start_server`."""

    def __init__(
        self, host: str, sockets: Sequence[socket.socket], guard: Guard, patience: Patience
    ) -> None:
        """Start the thread; `sockets`, which listen, are its own from now on."""
        self._host = host
        self._port: int = sockets[0].getsockname()[1]
        self._sockets = sockets
        self._guard = guard
        self._patience = patience
        self._lock = threading.Lock()
        self._is_ending = False
        self._end: Callable[[], object] | None = None
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="api", daemon=True
        )
        self._thread.start()

    @property
    def host(self) -> str:
        """The address it listens at, as it was asked for."""
        return self._host

    @property
    def port(self) -> int:
        """The port it listens at."""
        return self._port

    def close(self) -> None:
        """Stop listening and end every answer; waits a few seconds at most; idempotent."""
        with self._lock:
            self._is_ending = True
            if self._end is not None:
                self._end()
                self._end = None
        if threading.current_thread() is not self._thread:
            self._thread.join(_END_SECONDS)

    async def _serve(self) -> None:
        """Answer until `close` is called; the thread's whole life."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(MOST_REQUESTS, "api-work"))
        config = Config(
            self._guard,
            http=Connection,
            loop="asyncio",
            ws="none",
            lifespan="off",
            interface="asgi3",
            workers=1,
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=self._patience.idle,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
        config.load()
        state = ServerState()

        def connection() -> Connection:
            made = Connection(config, state, {}, loop)
            made.patience = self._patience
            return made

        servers = [await loop.create_server(connection, sock=each) for each in self._sockets]
        leaving = asyncio.Event()
        with self._lock:
            if not self._is_ending:
                self._end = partial(loop.call_soon_threadsafe, leaving.set)
            else:
                leaving.set()
        await leaving.wait()
        for server in servers:
            server.close()
        await self._say_goodbye(state)

    async def _say_goodbye(self, state: ServerState) -> None:
        """Stop every answer, give each a moment to end, and break off what is left."""
        self._guard.leave()
        for each in list(state.connections):
            each.shutdown()
        if state.tasks:
            _, late = await asyncio.wait(list(state.tasks), timeout=_GRACE_SECONDS)
            for task in late:
                task.cancel()
        for each in list(state.connections):
            each.transport.abort()


def start_server(door: Door, listening: Listening) -> ApiServer:
    """Listen as `listening` says, and answer with what `door` has; raises LapisError."""
    return start_app(make_app(door), listening, slots=partial(_slots, door))


def start_app(
    app: FastAPI,
    listening: Listening,
    *,
    slots: Callable[[], int] = lambda: _USUAL_SLOTS,
    patience: Patience = _USUAL_PATIENCE,
) -> ApiServer:
    """Listen, and have `app` answer what the guard lets in; raises LapisError."""
    sockets = listen(listening.host, listening.port)
    house = House(
        app=app,
        routes=app.routes,
        listening=listening,
        port=sockets[0].getsockname()[1],
        slots=slots,
        beyond=tuple(addresses_of(listening.host)) if is_beyond(listening.host) else (),
        patience=patience,
    )
    return ApiServer(listening.host, sockets, Guard(house), patience)


def _slots(door: Door) -> int:
    """Return how many answers are written side by side, as the loaded model has it."""
    loaded = door.engine.state.loaded
    return _USUAL_SLOTS if loaded is None else max(loaded.plan.slots, _USUAL_SLOTS)
