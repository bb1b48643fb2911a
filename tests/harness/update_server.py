"""Whoever tells of new versions of Lapis: one static file over real TLS, and every way to fail.

with NewsServer(certificate) as server:
    server.content = signed_file
    ...
    assert [request.path for request in server.log] == ["/lapis/latest.json"]
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.http_listener import Answer, HttpHandler
from tests.harness.stand_in import Listener, StandIn

PATH = "/lapis/latest.json"
_DRIP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class NewsRequest:
    """One request: `path` as it was sent, its query included; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class NewsServer(StandIn):
    """A context manager; without `certificate` (key and certificate in PEM) it speaks plain HTTP.

    `content` is the file, given out with `etag` (its SHA-256 if that is None); `instead` is said in
    place of it. `endless` sends bytes until the client goes away, a `drip` very slowly.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__()
        self.content = b""
        self.etag: str | None = None
        self.instead: Answer | None = None
        self.endless = False
        self.drip = False
        self.log: list[NewsRequest] = []
        self._listeners.append(Listener(self, _Handler, "update-server", certificate=certificate))

    @property
    def address(self) -> str:
        """The address of the file."""
        return super().address + PATH


class _Handler(HttpHandler):
    server: Listener[NewsServer]

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
