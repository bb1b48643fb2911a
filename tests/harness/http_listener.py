"""What stand-ins that speak HTTP have in common; their sockets are in `stand_in`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: what the server says instead of the right thing, or as an API."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


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
