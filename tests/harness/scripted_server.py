"""A server on loopback that says, byte for byte, what a test has it say; a thread for each client."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; names of headers in small letters, a doubled one once."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class ScriptedServer:
    """`say` returns what is sent in answer to a request, piece by piece; then the line is cut.

    `address` is where, without a slash at the end, `asked` has all requests; `gone` is set as soon as a client has left in the middle of an answer.
    """

    def __init__(
        self, say: Callable[[Asked], Iterable[bytes]], certificate: Path | None = None
    ) -> None:
        """Listen at a free port; `certificate` is a PEM file with its key."""
        self._say = say
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self.asked: list[Asked] = []
        self.gone = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.address = f"{'http' if certificate is None else 'https'}://127.0.0.1:{self.port}"
        self._lines: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        for thread in self._threads:
            thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            self._lines.append(line)
            thread = threading.Thread(target=self._answer, args=(line,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer(self, line: socket.socket) -> None:
        try:
            if self._context is not None:
                line = self._context.wrap_socket(line, server_side=True)
            with line, line.makefile("rb") as stream:
                asked = _read(stream.readline, stream.read)
                self.asked.append(asked)
                for piece in self._say(asked):
                    line.sendall(piece)
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_WR)
                    stream.read()
        except (OSError, ValueError):
            self.gone.set()


def answer(
    body: bytes | str = b"",
    *,
    status: int = 200,
    kind: str = "application/json",
    headers: Iterable[str] = (),
) -> bytes:
    """Return a whole answer, after which the line is cut."""
    sent = body.encode() if isinstance(body, str) else body
    lines = (
        f"HTTP/1.1 {status} Said",
        f"Content-Type: {kind}",
        f"Content-Length: {len(sent)}",
        "Connection: close",
        *headers,
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + sent


def head(kind: str, *headers: str) -> bytes:
    """Return the beginning of an answer that ends with the line."""
    lines = ("HTTP/1.1 200 Said", f"Content-Type: {kind}", "Connection: close", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _read(line: Callable[[], bytes], read: Callable[[int], bytes]) -> Asked:
    method, path, _ = line().decode().split(" ", 2)
    headers: dict[str, str] = {}
    while header := line().decode().strip():
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Asked(method, path, headers, read(int(headers.get("content-length", "0"))))
