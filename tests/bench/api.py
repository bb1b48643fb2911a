"""The local server against the engine itself: one client, eight, and one that goes away.

Engine and server live in this process, as they do in Lapis; the clients have one of their own. Both
sides write the same answer, by turns.
"""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gguf

from desktop.base.paths import resources
from desktop.domain.chat import ChatRequest, Finished, Message, Role, Sampling
from installers.dev.places import cache_folder
from tests.bench.measure import Figure
from tests.bench.shapes import gemma2_2b
from tests.harness.api_room import KEY, ApiRoom, api_room, installed
from tests.harness.waiting import wait_for

GUIDE, GEMMA = "guide", "gemma2-2b"
MODELS: Final = (GUIDE, GEMMA)
_QUESTION: Final = "Tell me all that you know about context windows, one thing after the other."
_CLIENTS: Final = 8
# Tokens of an answer, rounds of both sides, and clients that go away.
_FULL: Final[Mapping[str, tuple[int, int, int]]] = {GUIDE: (600, 15, 30), GEMMA: (60, 5, 10)}
_QUICK: Final[Mapping[str, tuple[int, int, int]]] = {GUIDE: (200, 3, 5), GEMMA: (20, 2, 2)}
_LEAST_SHARE: Final = 0.95
_LEAST_TOGETHER: Final = 1.0
_MOST_MS: Final = 100.0


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured: names of models, none for all; `models` is where files are kept."""

    models: tuple[str, ...] = ()
    folder: Path | None = None
    quick: bool = False


def measure(folder: Path, options: Options) -> list[Figure]:
    """Return the figures; `folder` takes data."""
    figures: list[Figure] = []
    for name in options.models or MODELS:
        tokens, rounds, leavers = (_QUICK if options.quick else _FULL)[name]
        path = _file(name, options.folder or cache_folder() / "bench")
        model = installed(path, is_guide=name == GUIDE)
        with (
            api_room(folder / name, [model], threads=0, n_ctx=8192) as room,
            _clients() as clients,
        ):
            ask = _Asking(room, model.name, tokens, _ends(path))
            figures += [
                *_one(name, ask, clients, rounds),
                *_together(name, ask, clients, max(2, rounds // 3)),
                _leaving(name, ask, leavers),
            ]
    return figures


def _file(name: str, folder: Path) -> Path:
    return resources() / "guide" / "guide.gguf" if name == GUIDE else gemma2_2b(folder)


def _ends(path: Path) -> dict[str, float]:
    """Return biases that keep a model from ending its answer."""
    fields = gguf.GGUFReader(path).fields
    names = ("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id")
    found = {str(int(fields[name].contents())) for name in names if name in fields}
    return dict.fromkeys(sorted(found), -100.0)


class _Asking:
    """The same question for the engine and for the server."""

    def __init__(self, room: ApiRoom, model: str, tokens: int, biases: Mapping[str, float]) -> None:
        self.room = room
        self.body: dict[str, Any] = {
            "model": model,
            "messages": [{"role": "user", "content": _QUESTION}],
            "temperature": 0,
            "max_tokens": tokens,
            "logit_bias": dict(biases),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        self._request = ChatRequest(
            (Message(Role.USER, _QUESTION),),
            Sampling(
                temperature=0,
                max_tokens=tokens,
                logit_bias=tuple((int(token), bias) for token, bias in biases.items()),
            ),
            keep_state=False,
        )

    def engine(self) -> float:
        """Return tokens a second of the engine's own stream."""
        began = time.monotonic()
        tokens = 0
        for event in self.room.engine.stream(self._request, threading.Event()):
            if isinstance(event, Finished):
                tokens = event.usage.completion_tokens
        return tokens / (time.monotonic() - began)

    def order(self, clients: int) -> dict[str, Any]:
        """Return what the clients are told."""
        return {"port": self.room.port, "key": KEY, "body": self.body, "clients": clients}


class _Clients:
    """The process with the clients."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Have them ask, and return what each got."""
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None
        assert told is not None
        asked.write(json.dumps(order) + "\n")
        asked.flush()
        found: list[dict[str, Any]] = json.loads(told.readline())
        return found


@contextmanager
def _clients() -> Iterator[_Clients]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.api_client"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield _Clients(process)
        if process.stdin is not None:
            process.stdin.close()


def _one(name: str, ask: _Asking, clients: _Clients, rounds: int) -> list[Figure]:
    clients.ask(ask.order(1))
    ask.engine()
    shares = []
    for _ in range(rounds):
        own = ask.engine()
        (got,) = clients.ask(ask.order(1))
        own = (own + ask.engine()) / 2
        shares.append(got["tokens"] / got["seconds"] / own)
        print(
            f"    {name}: engine {own:.1f}, over HTTP {got['tokens'] / got['seconds']:.1f} tokens/s "
            f"in {got['pieces']} pieces",
            flush=True,
        )
    return [Figure(f"{name}: HTTP ÷ the engine", "×", tuple(shares), _LEAST_SHARE, at_least=True)]


def _together(name: str, ask: _Asking, clients: _Clients, rounds: int) -> list[Figure]:
    gains, failed = [], []
    for _ in range(rounds):
        (one,) = clients.ask(ask.order(1))
        all_of_them = clients.ask(ask.order(_CLIENTS))
        began = min(each["began"] for each in all_of_them)
        ended = max(each["began"] + each["seconds"] for each in all_of_them)
        speed = sum(each["tokens"] for each in all_of_them) / (ended - began)
        gains.append(speed / (one["tokens"] / one["seconds"]))
        failed.append(float(_CLIENTS - sum(each["ok"] for each in all_of_them)))
    return [
        Figure(
            f"{name}: {_CLIENTS} clients ÷ one, tokens/s",
            "×",
            tuple(gains),
            _LEAST_TOGETHER,
            at_least=True,
        ),
        Figure(f"{name}: of {_CLIENTS} clients that failed", "", tuple(failed), 0.0),
    ]


def _leaving(name: str, ask: _Asking, times: int) -> Figure:
    """Return the time from a client that closes its connection to the end of its answer."""
    ended: list[float] = []
    ask.room.engine.watch_answers(lambda _usage: ended.append(time.monotonic()))
    body = json.dumps(ask.body | {"max_tokens": 8_000}).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    taken = []
    for number in range(times):
        connection = http.client.HTTPConnection("127.0.0.1", ask.room.port)
        connection.request("POST", "/v1/chat/completions", body, headers)
        response = connection.getresponse()
        for _ in range(3 + number % 5):
            response.readline()
        before = len(ended)
        left = time.monotonic()
        response.close()
        connection.close()
        wait_for(lambda before=before: len(ended) > before)  # type: ignore[misc]
        taken.append((ended[before] - left) * 1000)
    return Figure(f"{name}: client gone to answer stopped", "ms", tuple(taken), _MOST_MS)
