"""A server as the window shows it: the connection, what it has, and how it is. A value."""

from dataclasses import dataclass, field

from desktop.domain.connection import Connection, ServedModel
from desktop.domain.errors import LapisError
from desktop.hub.network import is_this_computer, origin

__all__ = ["ServerView", "host_of", "leaves_to"]


@dataclass(frozen=True, slots=True)
class ServerView:
    """One picture of a server.

    `answers` is None before it was asked. `problem` says why it did not answer; that no Ollama runs
    here is none. `is_asking`: more will be known soon.
    """

    connection: Connection
    models: tuple[ServedModel, ...] = field(default=())
    answers: bool | None = None
    problem: LapisError | None = None
    is_asking: bool = False


def host_of(address: str) -> str:
    """Return the host of an address, as it can be shown; empty where there is none."""
    return origin(address)[1]


def leaves_to(address: str) -> str:
    """Return the host of an address if that is not this computer, else nothing."""
    host = host_of(address)
    return "" if is_this_computer(host) else host
