"""The stand-in for Ollama itself: real sockets on a loopback port, a thread for each connection.

with OllamaServer([OllamaModel("gemma2:9b")]) as ollama:
    ollama.faults.silent_after = 1
    ...
    assert ollama.asked("/api/chat")[0].body["options"]["num_ctx"] == 4096
"""

import json
import select
import socket
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.harness.http_listener import Answer, HttpHandler
from tests.harness.ollama.answering import Line, answer
from tests.harness.ollama.faults import Faults
from tests.harness.ollama.models import OllamaModel
from tests.harness.stand_in import Listener, StandIn

_CHECK_SECONDS = 0.02
_BLOCK = b"x" * 65_536


@dataclass(frozen=True, slots=True)
class OllamaRequest:
    """What one request asked; header names in lower case.

    `left` is set when the client has gone before its answer was complete.
    """

    method: str
    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    left: threading.Event = field(default_factory=threading.Event)


class OllamaServer(StandIn):
    """An Ollama; a context manager. `faults` are its switches, `library` what can be pulled.

    `always_cuts` makes it one of the versions that know no `truncate`. `cached` tokens of each
    prompt are told to come from its cache; with `counts_new_only` they are left out of the count
    instead, as versions 0.30 and before 0.4 do.
    """

    def __init__(
        self,
        models: Iterable[OllamaModel] = (),
        library: Iterable[OllamaModel] = (),
        *,
        version: str = "0.33.3",
        always_cuts: bool = False,
        cached: int | None = None,
        counts_new_only: bool = False,
        port: int = 0,
    ) -> None:
        super().__init__()
        self.faults = Faults()
        self.version = version
        self.always_cuts = always_cuts
        self.cached = cached
        self.counts_new_only = counts_new_only
        self.library = {model.name: model for model in library}
        self._lock = threading.Lock()
        self._models = {model.full_name: model for model in models}
        self._loaded: dict[str, int] = {}
        self._log: list[OllamaRequest] = []
        self._listeners.append(Listener(self, _Handler, "ollama", port=port))

    @property
    def log(self) -> list[OllamaRequest]:
        """Every request so far, oldest first."""
        with self._lock:
            return list(self._log)

    def asked(self, path: str) -> list[OllamaRequest]:
        """Return the requests of one path."""
        return [request for request in self.log if request.path == path]

    @property
    def models(self) -> list[OllamaModel]:
        """What is there now."""
        with self._lock:
            return list(self._models.values())

    @property
    def loaded(self) -> dict[OllamaModel, int]:
        """What is in memory now, with its context."""
        with self._lock:
            return {self._models[name]: n for name, n in self._loaded.items()}

    def find(self, name: str) -> OllamaModel | None:
        """Return the model of that name, with or without a tag."""
        with self._lock:
            return self._models.get(name) or self._models.get(f"{name}:latest")

    def add(self, model: OllamaModel) -> None:
        """Have one more model, or another one of the same name."""
        with self._lock:
            self._models[model.full_name] = model

    def remove(self, name: str) -> None:
        """Have it no more."""
        with self._lock:
            for full in (name, f"{name}:latest"):
                self._models.pop(full, None)
                self._loaded.pop(full, None)

    def load(self, model: OllamaModel, context: int) -> None:
        """Load a model."""
        with self._lock:
            self._loaded[model.full_name] = context

    def unload(self, model: OllamaModel) -> None:
        """Forget what was loaded."""
        with self._lock:
            self._loaded.pop(model.full_name, None)

    def note(self, request: OllamaRequest) -> None:
        """Put `request` into the log."""
        with self._lock:
            self._log.append(request)


class _Handler(HttpHandler):
    server: Listener[OllamaServer]

    def answer(self) -> None:
        """Answer one request."""
        world = self.server.world
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        request = OllamaRequest(
            self.command,
            path,
            json.loads(data) if data else {},
            {name.lower(): value for name, value in self.headers.items()},
        )
        world.note(request)
        try:
            if world.faults.is_silent:
                self._wait_for_leaving()
            said = world.faults.answer(path) or answer(world, self.command, path, request.body)
            if isinstance(said, Answer):
                self.say(said)
            elif request.body.get("stream", True) is False:
                self.say(Answer(200, json.dumps(list(said)[-1]).encode()))
            else:
                self._stream(said)
        except OSError:
            request.left.set()
            raise

    def _stream(self, lines: Iterator[Line]) -> None:
        faults = self.server.world.faults
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, line in enumerate(lines):
            if number == faults.silent_after:
                self._wait_for_leaving()
            if number == faults.dies_after:
                self._reset()
            if number == faults.ends_after:
                break
            if number == faults.error_after:
                self._chunk(json.dumps({"error": faults.error}).encode() + b"\n")
                break
            if number == faults.garbage_after:
                self._chunk(faults.garbage + b"\n")
            if number == faults.endless_line_after:
                self._endless_line(faults.line_bytes)
            self._chunk(json.dumps(line).encode() + b"\n")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _endless_line(self, most: int) -> None:
        self._chunk(b'{"message":{"role":"assistant","content":"')
        for _ in range(most // len(_BLOCK)):
            self._chunk(_BLOCK)

    def _wait_for_leaving(self) -> None:
        while not self.server.world.closing.is_set():
            readable, _, _ = select.select([self.connection], [], [], _CHECK_SECONDS)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                break
        raise ConnectionAbortedError("the client is gone")

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise ConnectionAbortedError("as it was asked for")
