"""What `lapis connections …` asks for, as values."""

from dataclasses import dataclass
from typing import TypeAlias

from desktop.domain.connection import ServerKind


@dataclass(frozen=True, slots=True)
class ListConnections:
    """List the servers that are set up."""

    as_json: bool


@dataclass(frozen=True, slots=True)
class AddConnection:
    """Set a server up, or change the one of that name; `asks_key`: a key is to be read."""

    name: str
    address: str
    kind: ServerKind
    asks_key: bool


@dataclass(frozen=True, slots=True)
class TryConnection:
    """Ask a server what it has, and say what is wrong; an empty name means each of them."""

    name: str


@dataclass(frozen=True, slots=True)
class GiveKey:
    """Read a key and keep it for a server; an empty one is forgotten."""

    name: str


@dataclass(frozen=True, slots=True)
class RemoveConnection:
    """Forget a server and its key."""

    name: str


ConnectionOrder: TypeAlias = (
    ListConnections | AddConnection | TryConnection | GiveKey | RemoveConnection
)
