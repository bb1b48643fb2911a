"""A proxy on loopback that remembers who asked it for what, and tunnels where a test says."""

import base64
import select
import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

_BLOCK = 65536


class RecordingProxy:
    """A context manager; `routes` leads `host:port` of a CONNECT to a port of this computer.

    `log` has the first line of every request, `heads` all that came with it. With `password`
    (`name:word`) whoever does not say it gets a 407. What has no route gets a 502.
    """

    def __init__(self, routes: Mapping[str, int] | None = None, password: str = "") -> None:
        self._routes = dict(routes or {})
        self._expected = "Basic " + base64.b64encode(password.encode()).decode()
        self._has_password = bool(password)
        self._lock = threading.Lock()
        self._heads: list[str] = []
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._threads = [threading.Thread(target=self._serve, name="proxy")]

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def heads(self) -> list[str]:
        """Everything that was said to the proxy itself, tunnels excluded."""
        with self._lock:
            return list(self._heads)

    @property
    def log(self) -> list[str]:
        """The first lines of all requests, as in `CONNECT example.com:443`."""
        return [head.partition(" HTTP/")[0] for head in self.heads]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._answer, args=(connection,), name="proxied")
            self._threads.append(thread)
            thread.start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
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
        while not self._closing.is_set():
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
