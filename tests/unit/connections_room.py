"""What the tests of connections have in common: settings, a keyring, servers that answer."""

import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace

from desktop.config.secrets import KeyringProblem, Secrets, UnusableSecret
from desktop.domain.chat import ChatRequest, Event, Failed, Finished, Message, Role, TextDelta
from desktop.domain.connection import ServerKind
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.services.connections import Connections
from tests.harness.ollama.models import OllamaModel
from tests.harness.openai_server import piece, refusal, stream, value
from tests.harness.scripted_server import Asked

OLLAMA, OPENAI = ServerKind.OLLAMA, ServerKind.OPENAI
KEY = "sk-canary-1234567890"
GEMMA = OllamaModel("gemma2:9b", "Because of the air.")
LISTED = {"object": "list", "data": [{"id": "org/big", "object": "model", "owned_by": "org"}]}


class Kept:
    """Settings that are changed one change at a time."""

    def __init__(self) -> None:
        self.value = Settings()

    def change(self, change: Callable[[Settings], Settings]) -> None:
        self.value = change(self.value)

    def set(self, **changes: object) -> None:
        made = replace(self.value.connections, **changes)  # type: ignore[arg-type]
        self.value = replace(self.value, connections=made)


class Ring(Secrets):
    """A keyring in memory that remembers what it was asked; `problem` is raised for everything."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, str] = {}
        self.asked: list[str] = []
        self.problem: KeyringProblem | None = None
        self.fails_for = "-"

    def get(self, name: str) -> str:
        self.asked.append(name)
        if name.startswith(self.fails_for):
            raise KeyringProblem(Text("locked"), Text("unlock it"))
        if self.problem is not None:
            raise self.problem
        return self.kept.get(name, "")

    def put(self, name: str, secret: str) -> KeyringProblem | None:
        self.asked.append(name)
        if " " in secret:
            raise UnusableSecret(Text("no"), Text("no"))
        self.kept[name] = secret
        return self.problem

    def forget(self, name: str) -> None:
        self.asked.append(name)
        self.kept.pop(name, None)
        if self.problem is not None:
            raise self.problem


def speak(request: Asked) -> Iterable[bytes]:
    if request.path == "/v1/models":
        return value(LISTED)
    if request.path == "/v1/chat/completions":
        return stream(piece("Be"), piece("cause.", end="stop"))
    return refusal(404, "Not Found")


def wants_key(request: Asked) -> Iterable[bytes]:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return refusal(401, "Incorrect API key provided")
    return speak(request)


def ask(known: Connections, model: InstalledModel) -> list[Event]:
    """Return all events of one question."""
    events: list[Event] = []
    done = threading.Event()

    def hear(event: Event) -> None:
        events.append(event)
        if isinstance(event, Finished | Failed):
            done.set()

    with closing(known.backend(model, 2048)) as backend:
        backend.submit(ChatRequest((Message(Role.USER, "Why?"),)), hear)
        assert done.wait(30)
    return events


def text_of(events: list[Event]) -> str:
    assert isinstance(events[-1], Finished), events
    return "".join(event.text for event in events if isinstance(event, TextDelta))
