"""What stand-ins for servers have in common: real sockets on loopback, a thread for each connection.

All of them are gone when the listener is ended, whatever a client waits for.
"""

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: what the server says instead of the right thing, or as an API."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class HttpListener(ThreadingHTTPServer):
    """Knows its connections, so that they can be ended."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, handler: type[BaseHTTPRequestHandler], name: str, port: int = 0) -> None:
        """Listen at `port`, 0 for a free one; `name` is the thread's."""
        super().__init__((HOST, port), handler)
        self.port = int(self.server_address[1])
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._thread = threading.Thread(
            target=lambda: self.serve_forever(poll_interval=0.05), name=name
        )

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
        """Serve one connection, known meanwhile so that it can be ended."""
        with self._guard:
            self._open.add(request)
        try:
            super().finish_request(request, client_address)
        except OSError:
            return  # the client went away, or this server did
        finally:
            with self._guard:
                self._open.discard(request)


class HttpHandler(BaseHTTPRequestHandler, ABC):
    """Has `answer` for all that is asked, and says nothing on the error stream."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.answer()

    def do_HEAD(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_DELETE(self) -> None:
        self.answer()

    @abstractmethod
    def answer(self) -> None:
        """Answer one request; each kind of server has its own."""

    def log_message(self, *_arguments: object) -> None:
        """Keep it to itself."""

    def say(self, answer: Answer) -> None:
        """Send a whole answer."""
        self.send_response(answer.status, _reason(answer.status))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
