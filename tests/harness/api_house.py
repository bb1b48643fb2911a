"""The real local server on a free port, with an engine that says what it is told to.

And raw sockets, for what no client library would send.
"""

import json
import socket
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from fastapi import FastAPI

from desktop.api.app import make_app
from desktop.api.door import Door
from desktop.api.limits import Patience
from desktop.api.server import ApiServer, start_app
from desktop.backends.base import Listener
from desktop.domain.api import Access
from desktop.domain.chat import ChatRequest, Finished, StopReason, TextDelta, Usage
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.domain.settings import ApiSettings, Settings
from desktop.services.engine import Vectors
from desktop.services.local_api import Listening
from desktop.services.model_turns import Wanted

KEY = "lapis-test-key"
MODEL = InstalledModel("tiny", "tiny", Path("/models/tiny.gguf"), 1)
SECONDS = 20.0


def usage(completion: int = 0) -> Usage:
    return Usage(3, 0, completion, 1.0, 1.0, 1.0)


class ToldEngine:
    """An engine that answers with `pieces`, and then ends, or waits until it is stopped."""

    def __init__(self) -> None:
        self.pieces: Sequence[str] = ("Hello", " there")
        self.endless = False
        self.error: LapisError | None = None
        self.asked: list[ChatRequest] = []
        self.stopped: list[int] = []
        self.stop_heard = threading.Event()
        self._ends: dict[int, threading.Event] = {}
        self._lock = threading.Lock()
        self.loads = 0

    @property
    def state(self) -> EngineState:
        return EngineState(Phase.READY, MODEL, 1.0)

    @property
    def chosen(self) -> InstalledModel | None:
        return self.state.model

    @property
    def here(self) -> EngineState:
        return self.state

    @property
    def is_busy(self) -> bool:
        return False

    def ask(self, request: ChatRequest, listener: Listener, wanted: Wanted | None = None) -> int:
        with self._lock:
            self.asked.append(request)
            number = len(self.asked)
            end = self._ends[number] = threading.Event()
        threading.Thread(
            target=self._answer, args=(number, end, listener), name=f"told {number}", daemon=True
        ).start()
        return number

    def _answer(self, number: int, end: threading.Event, listener: Listener) -> None:
        from desktop.domain.chat import Failed

        if self.error is not None:
            listener(Failed(self.error))
            return
        said = 0
        for piece in self.pieces:
            listener(TextDelta(piece))
            said += 1
        while self.endless and not end.wait(0.002):
            listener(TextDelta("and on " * 20))
            said += 1
        reason = StopReason.STOPPED if end.is_set() else StopReason.STOP
        listener(Finished(reason, usage(said)))

    def cancel(self, request: int) -> None:
        with self._lock:
            end = self._ends[request]
            if end.is_set():
                return
            self.stopped.append(request)
        end.set()
        self.stop_heard.set()

    def embed(
        self,
        texts: Sequence[str],
        cancel: threading.Event | None = None,
        wanted: Wanted | None = None,
    ) -> Vectors:
        return Vectors(tuple(array("f", [1.0, 2.0]) for _ in texts), len(texts))

    def unload(self) -> None:
        self.loads -= 1


@dataclass
class ApiHouse:
    """A running server and everything it was told or told of."""

    engine: ToldEngine = field(default_factory=ToldEngine)
    access: ApiSettings = field(default_factory=ApiSettings)
    key: str = KEY
    accesses: list[Access] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    told: threading.Condition = field(default_factory=threading.Condition)
    server: ApiServer | None = None

    @property
    def port(self) -> int:
        assert self.server is not None
        return self.server.port

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def door(self) -> Door:
        return Door(
            engine=self.engine,
            models=lambda: (MODEL,),
            usual=lambda: MODEL,
            settings_for=lambda _model: Settings(),
            template_for=lambda _model: "",
            served=lambda _model: None,
            unload=lambda _model: None,
        )

    def listening(self, host: str = "127.0.0.1", port: int = 0) -> Listening:
        return Listening(
            host=host,
            port=port,
            key=lambda: self.key,
            access=lambda: self.access,
            note=self._note,
            refuse=self.refused.append,
            count=self.counts.append,
        )

    def _note(self, access: Access) -> None:
        with self.told:
            self.accesses.append(access)
            self.told.notify_all()

    def wait_for_accesses(self, number: int) -> None:
        """Return when so many requests have ended."""
        with self.told:
            assert self.told.wait_for(lambda: len(self.accesses) >= number, SECONDS)


@contextmanager
def api_house(
    *,
    host: str = "127.0.0.1",
    patience: Patience | None = None,
    access: ApiSettings | None = None,
    app: Callable[[Door], FastAPI] = make_app,
) -> Iterator[ApiHouse]:
    """Run a server until the end of the block."""
    house = ApiHouse(access=access or ApiSettings())
    house.server = start_app(
        app(house.door()), house.listening(host), patience=patience or Patience()
    )
    try:
        yield house
    finally:
        house.server.close()


class RawClient:
    """A socket to the server, for requests as they stand."""

    def __init__(self, port: int, host: str = "127.0.0.1", receive_buffer: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(SECONDS)
        try:
            self.socket.connect((host, port))
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_rest: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> "RawAnswer":
        """Return one whole answer; fails if it never comes."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.socket.recv(65536)
            if not part:
                return RawAnswer.read(data)
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        found = RawAnswer.read(head + b"\r\n\r\n")
        length = found.headers.get("content-length")
        while length is None or len(body) < int(length):
            part = self.socket.recv(65536)
            if not part:
                break
            body += part
        return RawAnswer(found.status, found.headers, body)

    def is_closed(self) -> bool:
        """Wait until the server has closed the connection."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            return True
        return True


@dataclass(frozen=True)
class RawAnswer:
    """What came back; status 0 for nothing."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def read(cls, data: bytes) -> "RawAnswer":
        if not data:
            return cls(0, {}, b"")
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        return cls(int(first.split(" ")[1]), headers, body)

    @property
    def words(self) -> str:
        return self.body.decode("utf-8", "replace")


def request(
    method: str = "POST",
    path: str = "/v1/chat/completions",
    headers: Sequence[tuple[str, str]] = (),
    body: bytes | None = None,
    *,
    host: str | None = "127.0.0.1",
    key: str | None = KEY,
    kind: str | None = "application/json",
    version: str = "HTTP/1.1",
) -> bytes:
    """Return a request as bytes; each of `host`, `key` and `kind` can be left out."""
    if body is None and method == "POST":
        body = question()
    lines = [f"{method} {path} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    if kind is not None and body is not None:
        lines.append(f"Content-Type: {kind}")
    names = {name.lower() for name, _ in headers}
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def question(**fields: object) -> bytes:
    """Return the body of a question to `/v1/chat/completions`."""
    return json.dumps(
        {"model": "tiny", "messages": [{"role": "user", "content": "hi"}], **fields}
    ).encode()


def ask(house: ApiHouse, data: bytes, host: str = "127.0.0.1") -> RawAnswer:
    """Return the answer to one request on a connection of its own."""
    with RawClient(house.port, host) as client:
        client.send(data)
        return client.answer()


def refused(house: ApiHouse, data: bytes) -> RawAnswer:
    """Return the answer to what must not have any effect."""
    answer = ask(house, data)
    assert not house.engine.asked
    assert not any(name.startswith("access-control") for name in answer.headers)
    if answer.body:
        assert isinstance(json.loads(answer.body)["error"]["message"], str)
    return answer
