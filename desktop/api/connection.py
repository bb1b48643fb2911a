"""One connection: uvicorn's protocol over h11, with bounds on what comes before a request is known.

How many connections there are, how long a head may take and how large it may be; whoever idles
longest makes room for who comes. While an answer is under way the socket is still read, so that it is
known at once when the client goes away. The API's thread.
"""

import asyncio
import sys
from http import HTTPStatus
from typing import Any, Final

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from desktop.api import errors
from desktop.api.limits import MOST_CONNECTIONS, Patience
from desktop.api.refused import AGAIN_SECONDS, Refused
from desktop.api.reply import ABORT

_MOST_EARLY: Final = 64 * 1024


class Connection(H11Protocol):
    """A client's connection."""

    patience: Patience = Patience()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """As uvicorn makes it; nothing is connected yet."""
        super().__init__(config, server_state, app_state, _loop)
        self.app = self._served(config.loaded_app)
        self._is_refused = False
        self._early = 0
        self.since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, in the place of one that idles if there are too many."""
        if len(self.connections) >= MOST_CONNECTIONS and not self._make_room():
            self.transport = transport
            self._refuse(
                Refused(
                    429,
                    "Too many connections are open already",
                    code="rate_limit_exceeded",
                    seconds=AGAIN_SECONDS,
                )
            )
            return
        super().connection_made(transport)
        self.since = self.loop.time()
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; the request under way hears of it."""
        self._stop_timer()
        flow: FlowControl | None = self.flow
        if flow is not None:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; what comes before its turn waits."""
        if self._is_refused:
            return
        if self._is_answering():
            # The next request already. Reading on shows when the client goes away.
            self._early += len(data)
            if self._early > _MOST_EARLY:
                self.transport.abort()
                return
            self.conn.receive_data(data)
            return
        super().data_received(data)
        self._wait_for_head()

    def eof_received(self) -> None:
        """Close: who sends no more does not wait for an answer either."""

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        self._early = 0
        self.since = self.loop.time()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the words are our own
        """Refuse what is no HTTP, or too much of it; called while h11's error is handled."""
        error = sys.exc_info()[1]
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        self._refuse(Refused(status, HTTPStatus(status).phrase))

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that is not used, and does not take what is still to be sent."""
        super().timeout_keep_alive_handler()
        self._abort_after(self.patience.reading)

    def _is_answering(self) -> bool:
        """Whether a whole request is here, and its answer is not yet complete."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.more_body

    def is_idle(self) -> bool:
        """Whether no request is under way."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _served(self, app: Any) -> Any:
        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            scope[ABORT] = self.transport.abort
            await app(scope, receive, send)

        return with_abort

    def _make_room(self) -> bool:
        """Close the connection that idles longest; return whether there was one."""
        idle = [
            each for each in self.connections if isinstance(each, Connection) and each.is_idle()
        ]
        if not idle:
            return False
        longest = min(idle, key=lambda each: each.since)
        self.connections.discard(longest)
        longest.transport.abort()
        return True

    def _wait_for_head(self) -> None:
        """Have the time run for the head of a request while it is not complete."""
        if self._is_refused:
            # The time runs for something else.
            return
        is_open = not self.transport.is_closing()
        is_waiting = self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None
        if not (is_open and is_waiting):
            self._stop_timer()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.patience.head, self._head_is_late)

    def _head_is_late(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self._refuse(Refused(408, "The request did not come in time"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, refused: Refused) -> None:
        """Say why, let the client read it, and break off; past h11, which may be lost by now."""
        self._stop_timer()
        self._unset_keepalive_if_required()
        self._is_refused = True
        cycle: RequestResponseCycle | None = self.cycle
        flow: FlowControl | None = self.flow
        if flow is not None:
            flow.resume_reading()
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.abort()
                return
        content = errors.encoded("", refused)
        headers = {
            "content-type": "application/json",
            "content-length": str(len(content)),
            "connection": "close",
            "server": "Lapis",
            **errors.headers(refused),
        }
        lines = [f"HTTP/1.1 {refused.status} {HTTPStatus(refused.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + content)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._abort_after(self.patience.draining)

    def _abort_after(self, seconds: float) -> None:
        """Break off in a while, if the other side has not closed by then."""
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self.transport.abort)
