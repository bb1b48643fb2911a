"""Servers that answer in the place of this computer's own engine, and the models they have."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONGEST_CONNECTION_NAME: Final = 40
MOST_CONNECTIONS: Final = 32
FOUND_NAME: Final = "ollama"
"""What the connection to the Ollama of this computer is called."""
_CLOUD: Final = "ollama.com"


class ServerKind(StrEnum):
    """Which protocol a server speaks."""

    OLLAMA = "ollama"
    OPENAI = "openai"


@dataclass(frozen=True, slots=True)
class Connection:
    """A server by the name that a person gave it.

    `name` is unique whatever its case: 1 to `LONGEST_CONNECTION_NAME` letters, digits, `-`, `_` and
    `.`, beginning with a letter or digit. `address` is the base address without a slash at the end
    (`http://127.0.0.1:11434`, `https://api.example.com/v1`). `is_found` marks the Ollama of this
    computer, which nobody had to enter. `keep_minutes` is how long an Ollama keeps a model after a
    question (None: as it is set there; 0: not at all; -1: for ever). `has_key`: the keyring was
    given a key for it, so that it is worth asking.
    """

    kind: ServerKind
    name: str
    address: str
    is_found: bool = False
    keep_minutes: int | None = None
    has_key: bool = False


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model as its server tells of it; `id` is the server's own name of it.

    `size` in bytes, `context` (the longest possible) and `parameters` are 0, the other texts empty,
    the rest None where the server does not tell. `memory` is what it holds of the server's memory
    now, in bytes, 0 while it is not loaded (None: not told). `modified` in Unix seconds. Where the
    server itself has others answer, `passes_to` is the host that reads what is asked.
    """

    connection: str
    id: str
    size: int = 0
    context: int = 0
    parameters: int = 0
    family: str = ""
    quantisation: str = ""
    modified: float = 0.0
    memory: int | None = None
    sees: bool | None = None
    thinks: bool | None = None
    calls_tools: bool | None = None
    embeds: bool | None = None
    passes_to: str = ""


def cloud_host(model: str) -> str:
    """Return who answers for a model that is named as one of Ollama's cloud, empty for others."""
    return _CLOUD if model.endswith(("-cloud", ":cloud")) else ""


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a server is with fetching a model: bytes of the whole, 0 while it is not known.

    `step` is what it does in its own words, `bytes_per_second` measured here (0: not yet known).
    """

    step: str
    done: int = 0
    total: int = 0
    bytes_per_second: float = 0.0
