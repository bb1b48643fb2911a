"""A server as the window shows it: the connection, what it has, and how it is. A value."""

from dataclasses import dataclass, field

from desktop.domain.connection import Connection, ServedModel
from desktop.domain.errors import LapisError

__all__ = ["ServerView"]


@dataclass(frozen=True, slots=True)
class ServerView:
    """One picture of a server.

    `answers` is None before it was asked. `problem` says why it did not answer; that no Ollama runs
    here is none. `is_asking`: more will be known soon. `is_held`: it is another computer, and the
    offline switch keeps everything from it.
    """

    connection: Connection
    models: tuple[ServedModel, ...] = field(default=())
    answers: bool | None = None
    problem: LapisError | None = None
    is_asking: bool = False
    is_held: bool = False
