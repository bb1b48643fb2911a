"""A server on loopback that says, byte for byte, what a test has it say; a thread for each client."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.harness.stand_in import RawStandIn


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; names of headers in small letters, a doubled one once."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class ScriptedServer(RawStandIn):
    """`say` returns what is sent in answer to a request, piece by piece; then the line is cut.

    `asked` has all requests; `gone` is set as soon as a client has left in the middle of an answer.
    """

    def __init__(
        self, say: Callable[[Asked], Iterable[bytes]], certificate: Path | None = None
    ) -> None:
        """Listen at a free port; `certificate` is a PEM file with its key."""
        super().__init__("scripted-server", certificate)
        self._say = say
        self.asked: list[Asked] = []
        self.gone = threading.Event()

    def talk(self, connection: socket.socket) -> None:
        """Read one request and answer it."""
        try:
            with connection.makefile("rb") as stream:
                asked = _read(stream.readline, stream.read)
                self.asked.append(asked)
                for piece in self._say(asked):
                    connection.sendall(piece)
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
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
