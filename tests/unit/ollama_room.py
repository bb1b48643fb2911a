"""What the tests of Ollama have in common: a stand-in with models, a client, a question."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from desktop.backends.ollama import OllamaClient
from desktop.backends.server_backend import Patience, ServerBackend
from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import ChatRequest, Message, Role
from desktop.domain.connection import Connection, ServerKind
from desktop.hub.network import Network
from desktop.hub.server_http import http_options
from tests.harness.listeners import Heard
from tests.harness.ollama import OllamaModel, OllamaServer

GEMMA = OllamaModel("gemma2:9b", family="gemma2", parameter_size="9.2B", parameters=9_241_705_984)
THINKER = OllamaModel(
    "qwen3:8b",
    thinking="The person asks about the sky.",
    calls=(("get_weather", {"city": "Paris", "where": {"lat": 48.8}}), ("get_time", {})),
    capabilities=("completion", "tools", "thinking"),
    family="qwen3",
)
SEER = OllamaModel("llava", capabilities=("completion", "vision"))
EMBEDDER = OllamaModel("nomic-embed-text", capabilities=("embedding",), context=32)
CODER = OllamaModel("codellama:code", reply=" return b", capabilities=("completion", "insert"))
CLOUD = OllamaModel("gpt-oss:120b-cloud", remote_host="https://ollama.com:443")
TOOL = json.dumps(
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": {
                    "where": {
                        "type": "object",
                        "properties": {"lat": {"type": "number", "minimum": -90}},
                        "additionalProperties": False,
                    },
                },
            },
        },
    }
)
SKY = Message(Role.USER, "Why is the sky blue?")


LONG = tuple(
    Message(role, "word " * 100) for _ in range(10) for role in (Role.USER, Role.ASSISTANT)
)


def client_of(
    address: str,
    keep_minutes: int | None = None,
    check_host: Callable[[str], None] = lambda _host: None,
) -> OllamaClient:
    connection = Connection(ServerKind.OLLAMA, "ollama", address, True, keep_minutes)
    options = http_options(Network(), address, "httpx", read_seconds=30.0)
    return OllamaClient(connection, options, check_host)


def ask(
    loop: ServerLoop,
    client: OllamaClient,
    request: ChatRequest | None = None,
    model: str = "gemma2:9b",
    n_ctx: int = 4096,
    patience: Patience | None = None,
) -> Heard:
    heard = Heard()
    backend = ServerBackend(loop, client, model, n_ctx, lambda: patience or Patience())
    backend.submit(request or ChatRequest((SKY,)), heard)
    heard.end()
    return heard


def body(ollama: OllamaServer, path: str = "/api/chat") -> Mapping[str, Any]:
    return ollama.asked(path)[-1].body
