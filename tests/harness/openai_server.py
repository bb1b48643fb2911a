"""What OpenAI-compatible servers say, for what a real one cannot be made to: for `ScriptedServer`.

with ScriptedServer(lambda asked: stream(piece("Hello"), piece(end="stop"))) as server:
    base = server.address + "/v1"
"""

import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from tests.harness.scripted_server import Asked, answer, head

_BEAT_SECONDS = 0.02


def fields_of(asked: Asked) -> dict[str, Any]:
    """Return the body of a request."""
    value: dict[str, Any] = json.loads(asked.body)
    return value


def value(body: object, status: int = 200, *headers: str) -> Iterator[bytes]:
    """Say a value of JSON."""
    yield answer(json.dumps(body), status=status, headers=headers)


def refusal(status: int, message: str, *headers: str, **more: Any) -> Iterator[bytes]:
    """Say no, in OpenAI's form; `more` are `code`, `param`, `type`."""
    return value({"error": {"message": message, **more}}, status, *headers)


def stream(*parts: bytes | dict[str, Any], done: bool = True) -> Iterator[bytes]:
    """Say an answer piece by piece; bytes go out as they are. Without `done` it just ends."""
    yield head("text/event-stream")
    for part in parts:
        yield event(part) if isinstance(part, dict) else part
    if done:
        yield b"data: [DONE]\n\n"


def then_silence(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Say `parts`, then only that the line is alive, until the client has left."""
    yield from parts
    rest = threading.Event()
    while not rest.wait(_BEAT_SECONDS):
        yield b": still there\n\n"


def event(of: object) -> bytes:
    """Return one event of a stream."""
    return f"data: {json.dumps(of)}\n\n".encode()


def piece(text: str | None = None, end: str | None = None, **delta: Any) -> dict[str, Any]:
    """Return a piece of an answer: `text`, or whatever else a delta holds."""
    if text is not None:
        delta["content"] = text
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": end}]}


def usage(prompt: int, completion: int, cached: int = 0) -> dict[str, Any]:
    """Return the piece that tells what the answer took."""
    details = {"cached_tokens": cached}
    told = {"prompt_tokens": prompt, "completion_tokens": completion}
    return {"choices": [], "usage": {**told, "prompt_tokens_details": details}}
