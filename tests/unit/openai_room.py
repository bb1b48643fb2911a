"""The `openai` library, talking to the real local server over real tiny models."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openai import OpenAI

from desktop.base.paths import resources
from desktop.domain.model import InstalledModel
from tests.harness.api_room import KEY, ApiRoom, api_room, installed

GUIDE = resources() / "guide" / "guide.gguf"
ROUTE = "/v1/chat/completions"
SAYS = "The harbour has nine lamps."


@contextmanager
def openai_room(
    folder: Path,
    *files: Path,
    guide: bool = False,
    more: Sequence[InstalledModel] = (),
    **options: Any,
) -> Iterator[tuple[ApiRoom, OpenAI]]:
    """Give a server over `files`, the first of them the usual model, and a client of it."""
    models = [installed(GUIDE, is_guide=True)] if guide else []
    models += [*(installed(path) for path in files), *more]
    with api_room(folder / "home", models, **options) as room, client_of(room) as client:
        yield room, client


@contextmanager
def client_of(room: ApiRoom, key: str = KEY) -> Iterator[OpenAI]:
    """Give a client that asks once and is not patient for ever."""
    with OpenAI(base_url=f"{room.address}/v1", api_key=key, max_retries=0, timeout=60.0) as client:
        yield client


def asked(text: str = "How many lamps has the harbour?") -> list[Any]:
    """Return a conversation of one question."""
    return [{"role": "user", "content": text}]


def weather_tools(*names: str) -> list[Any]:
    """Return tools of these names, each for a city."""
    city = {"type": "string", "enum": ["Oslo", "Rome"]}
    parameters = {"type": "object", "properties": {"city": city}, "required": ["city"]}
    return [
        {"type": "function", "function": {"name": name, "parameters": parameters}} for name in names
    ]


def joined(chunks: Sequence[Any], number: int = 0) -> str:
    """Return the text that the chunks of a chat bring for one answer."""
    return "".join(
        choice.delta.content or ""
        for chunk in chunks
        for choice in chunk.choices
        if choice.index == number
    )
