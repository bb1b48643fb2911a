"""What stand-ins for servers have in common: real sockets on loopback, a thread for each connection.

Whatever a client waits for, all of them are gone at the end.
"""

import socket
import ssl
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

HOST = "127.0.0.1"
_LOOK_SECONDS = 0.01

World = TypeVar("World", bound="StandIn")


class Listener(ThreadingTCPServer, Generic[World]):
    """One port of `world`. Knows its connections, so that they can be ended."""

    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(
        self,
        world: World,
        handler: type[BaseRequestHandler],
        name: str,
        *,
        port: int = 0,
        certificate: Path | str | None = None,
    ) -> None:
        """Listen at `port`, 0 for a free one; `name` is the thread's.

        With `certificate` (a PEM file with key and certificate) it speaks TLS.
        """
        super().__init__((HOST, port), handler)
        self.world = world
        self.port = int(self.server_address[1])
        self.connections = 0
        self._context: ssl.SSLContext | None = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._thread = threading.Thread(
            target=lambda: self.serve_forever(poll_interval=_LOOK_SECONDS), name=name
        )

    @property
    def address(self) -> str:
        """The address without a path or a slash at the end."""
        return f"{'https' if self._context else 'http'}://{HOST}:{self.port}"

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def end(self) -> None:
        """End all connections, and wait for their threads."""
        self.shutdown()
        with self._guard:
            left = list(self._open)
        for connection in left:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # gone already
        self.server_close()
        self._thread.join()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, encrypted if this port is."""
        with self._guard:
            self.connections += 1
        try:
            if self._context is None:
                self._serve(request, client_address)
            else:
                # The first byte that is read shakes hands: by then the connection is known.
                with self._context.wrap_socket(
                    request, server_side=True, do_handshake_on_connect=False
                ) as encrypted:
                    self._serve(encrypted, client_address)
        except (OSError, ValueError):
            return  # the client went away or distrusts the certificate, or this server went away

    def _serve(self, connection: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(connection)
        try:
            super().finish_request(connection, client_address)
        finally:
            with self._guard:
                self._open.discard(connection)


class StandIn:
    """A context manager. `closing` is set at its end, for those that wait for something."""

    def __init__(self) -> None:
        self.closing = threading.Event()
        self._listeners: list[Listener[Any]] = []

    def __enter__(self) -> Self:
        for listener in self._listeners:
            listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it and all its connections, as when it is killed."""
        if not self.closing.is_set():
            self.closing.set()
            for listener in self._listeners:
                listener.end()

    @property
    def port(self) -> int:
        """Where it listens; of several, the first."""
        return self._listeners[0].port

    @property
    def address(self) -> str:
        """Its address without a path or a slash at the end; of several, the first."""
        return self._listeners[0].address

    @property
    def connections(self) -> int:
        """How many there have been."""
        return sum(listener.connections for listener in self._listeners)


class RawStandIn(StandIn, ABC):
    """Speaks bytes: each kind has its `talk`, which ends soon after its connection has."""

    def __init__(self, name: str, certificate: Path | None = None) -> None:
        """Listen at a free port; `name` is the thread's."""
        super().__init__()
        self._listeners.append(Listener(self, _Talk, name, certificate=certificate))

    @abstractmethod
    def talk(self, connection: socket.socket) -> None:
        """Talk with one client."""


class _Talk(BaseRequestHandler):
    server: Listener[RawStandIn]

    def handle(self) -> None:
        """Hand the connection over."""
        self.server.world.talk(self.request)
