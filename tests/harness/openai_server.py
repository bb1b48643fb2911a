"""A stand-in for OpenAI-compatible servers, for what a real one cannot be made to do.

Raw sockets: what it sends is sent as it stands, byte for byte, in pieces, late, or not at all.
"""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any, Self

_WAIT_SECONDS = 60.0


class Act(Enum):
    """What a server does instead of sending."""

    HANG = auto()  # nothing more, until the client goes away or the server is closed
    RESET = auto()  # the connection breaks at once


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; `headers` have lower-case names."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        """The body, which is JSON."""
        value: dict[str, Any] = json.loads(self.body)
        return value


Reply = Iterable[bytes | Act]


@dataclass
class OpenAIServer:
    """Answers every request with what `reply` gives for it, one connection for each.

    `requests` came so far; `gone` is set when a client went away from a server that hangs.
    """

    reply: Callable[[Request], Reply]
    certificate: Path | None = None
    requests: list[Request] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept, name="openai stand-in")]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closing.set()
        with suppress(OSError):
            socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join(_WAIT_SECONDS)
        self._listener.close()

    @property
    def address(self) -> str:
        """The base address of its `/v1`."""
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._is_closing.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_WAIT_SECONDS)
        with suppress(OSError), self._secured(connection) as line:
            request = _read(line)
            if request is None:
                return
            self.requests.append(request)
            for part in self.reply(request):
                if part is Act.HANG:
                    self._hang(line)
                elif part is Act.RESET:
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                else:
                    line.sendall(part)

    @contextmanager
    def _secured(self, connection: socket.socket) -> Iterator[socket.socket]:
        with connection:
            if self.certificate is None:
                yield connection
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            with context.wrap_socket(connection, server_side=True) as line:
                yield line

    def _hang(self, line: socket.socket) -> None:
        line.settimeout(0.05)
        while not self._is_closing.is_set():
            try:
                if not line.recv(1):
                    self.gone.set()
                    return
            except TimeoutError:
                continue
            except OSError:
                self.gone.set()
                raise


def _read(line: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        block = line.recv(65536)
        if not block:
            return None
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rest)
    }
    while len(body) < int(headers.get("content-length", 0)):
        body += line.recv(65536)
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body)


def answer(body: object, status: int = 200, kind: str = "application/json", **more: str) -> Reply:
    """Return a whole answer; `more` are headers, `_` standing for `-`."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": kind, "Content-Length": str(len(data)), **more}
    yield _head(status, headers) + data


def stream(*parts: bytes | Act | dict[str, Any], done: bool = True) -> Reply:
    """Return a stream of server-sent events; bytes are sent as they are."""
    yield _head(200, {"Content-Type": "text/event-stream"})
    for part in parts:
        yield event(part) if isinstance(part, dict) else part
    if done:
        yield b"data: [DONE]\n\n"


def event(value: object) -> bytes:
    """Return one event."""
    return f"data: {json.dumps(value)}\n\n".encode()


def piece(text: str | None = None, end: str | None = None, **delta: Any) -> dict[str, Any]:
    """Return a piece of an answer: `text`, or whatever else a delta holds."""
    if text is not None:
        delta["content"] = text
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": end}]}


def refusal(status: int, message: str, **more: Any) -> Reply:
    """Return an error in OpenAI's form; `more` are `code`, `param`, `type`."""
    return answer({"error": {"message": message, **more}}, status)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Something", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()
