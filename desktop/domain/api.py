"""The local server as values: who asked what of it, never with which words."""

from dataclasses import dataclass
from enum import StrEnum

from desktop.domain.errors import LapisError


class ServerPhase(StrEnum):
    """Where the local server stands."""

    OFF = "off"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ServerState:
    """One picture of the local server.

    `host` and `port` are where it listens while it runs; `error` says why it does not (`FAILED`);
    `free_port` is one that could be had instead, 0 for none. `requests` are under way now.
    `key_problem` says why the key is kept for this run only.
    """

    phase: ServerPhase = ServerPhase.OFF
    host: str = ""
    port: int = 0
    error: LapisError | None = None
    free_port: int = 0
    requests: int = 0
    key_problem: LapisError | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """One request that was answered or refused.

    `time` in Unix seconds; `client` is the address, `agent` what the client calls itself (at most
    80 printable characters); `route` the path alone; `status` of HTTP; `model` by its name here,
    counts in tokens, `seconds` from the request to the end of the answer.
    """

    time: float
    client: str
    agent: str
    method: str
    route: str
    status: int
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
