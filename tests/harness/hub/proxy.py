"""A proxy on loopback that remembers who asked it for what, and tunnels where a test says."""

import base64
import select
import socket
import threading
from collections.abc import Mapping

from tests.harness.stand_in import RawStandIn

_BLOCK = 65536


class RecordingProxy(RawStandIn):
    """A context manager; `routes` leads `host:port` of a CONNECT to a port of this computer.

    `log` has the first line of every request, `heads` all that came with it. With `password`
    (`name:word`) whoever does not say it gets a 407. What has no route gets a 502.
    """

    def __init__(self, routes: Mapping[str, int] | None = None, password: str = "") -> None:
        super().__init__("proxy")
        self._routes = dict(routes or {})
        self._expected = "Basic " + base64.b64encode(password.encode()).decode()
        self._has_password = bool(password)
        self._lock = threading.Lock()
        self._heads: list[str] = []

    @property
    def heads(self) -> list[str]:
        """Everything that was said to the proxy itself, tunnels excluded."""
        with self._lock:
            return list(self._heads)

    @property
    def log(self) -> list[str]:
        """The first lines of all requests, as in `CONNECT example.com:443`."""
        return [head.partition(" HTTP/")[0] for head in self.heads]

    def talk(self, connection: socket.socket) -> None:
        """Answer the request, or tunnel."""
        connection.settimeout(10)
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(_BLOCK)
            if not piece:
                return
            head += piece
        text = head.decode("latin-1")
        with self._lock:
            self._heads.append(text)
        if self._has_password and f"proxy-authorization: {self._expected}".lower() not in (
            text.lower()
        ):
            connection.sendall(_bare(407, "Proxy Authentication Required"))
            return
        method, target, *_ = text.split(" ")
        port = self._routes.get(target) if method == "CONNECT" else None
        if port is None:
            connection.sendall(_bare(502, "Bad Gateway"))
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as far:
            self._tunnel(connection, far)

    def _tunnel(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        while not self.closing.is_set():
            for side in select.select([near, far], [], [], 0.05)[0]:
                try:
                    piece = side.recv(_BLOCK)
                    if not piece:
                        return
                    other[side].sendall(piece)
                except OSError:
                    return


def _bare(status: int, words: str) -> bytes:
    return f"HTTP/1.1 {status} {words}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
