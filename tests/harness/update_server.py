"""Whoever tells of new versions of Lapis: one static file over real TLS, and every way to fail.

with NewsServer(certificate) as server:
    server.content = signed_file
    ...
    assert [request.path for request in server.log] == ["/lapis/latest.json"]
"""

import hashlib
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.harness.http_listener import HOST, Answer, HttpHandler, HttpListener

PATH = "/lapis/latest.json"
_DRIP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class NewsRequest:
    """One request: `path` as it was sent, its query included; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class NewsServer:
    """A context manager; without `certificate` (key and certificate in PEM) it speaks plain HTTP.

    `content` is the file, given out with `etag` (its SHA-256 if that is None); `instead` is said in
    place of it. `endless` sends bytes until the client goes away, a `drip` very slowly.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.content = b""
        self.etag: str | None = None
        self.instead: Answer | None = None
        self.endless = False
        self.drip = False
        self.log: list[NewsRequest] = []
        self.connections = 0
        self.closing = threading.Event()
        self._scheme = "http" if certificate is None else "https"
        self._listener = _Listener(self, certificate)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._listener.end()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._listener.port

    @property
    def base(self) -> str:
        """The address without a path."""
        return f"{self._scheme}://{HOST}:{self.port}"

    @property
    def address(self) -> str:
        """The address of the file."""
        return self.base + PATH


class _Listener(HttpListener):
    def __init__(self, world: NewsServer, certificate: Path | None) -> None:
        super().__init__(_Handler, "update-server")
        self.world = world
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        self.world.connections += 1
        try:
            if self._context is None:
                super().finish_request(request, client_address)
            else:
                with self._context.wrap_socket(request, server_side=True) as connection:
                    super().finish_request(connection, client_address)
        except (OSError, ValueError):
            return  # the client went away, or distrusts the certificate


class _Handler(HttpHandler):
    server: _Listener

    def answer(self) -> None:
        """Answer one request."""
        world = self.server.world
        headers = {name.lower(): value for name, value in self.headers.items()}
        world.log.append(NewsRequest(self.command, self.path, headers))
        if world.endless or world.drip:
            self._go_on(world)
        elif world.instead is not None:
            self.say(world.instead)
        else:
            etag = world.etag
            if etag is None:
                etag = f'"{hashlib.sha256(world.content).hexdigest()}"'
            if etag and headers.get("if-none-match") == etag:
                self.send_response(304)
                self.send_header("ETag", etag)
                self.end_headers()
            else:
                kind = {"Content-Type": "application/json"} | ({"ETag": etag} if etag else {})
                self.say(Answer(200, world.content, kind))

    def _go_on(self, world: NewsServer) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        piece = b" " if world.drip else b" " * 65_536
        try:
            while not world.closing.is_set():
                self.wfile.write(piece)
                if world.drip:
                    world.closing.wait(_DRIP_SECONDS)
        except OSError:
            self.close_connection = True
