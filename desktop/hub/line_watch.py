"""Noticing that a line is dead although nobody hung up: a cable pulled, a laptop carried away.

A server may think for minutes before its first word, so silence alone tells nothing. The system can
ask the other end's system whether it is still there (keepalive of TCP), and that one answers
however busy the server is. httpcore tells of each new connection in its `trace` extension, whose
names of events these are. In the thread of `ServerLoop`.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

__all__ = ["GIVEN_UP_SECONDS", "watch_line"]

_FIRST_SECONDS: Final = 30
_BETWEEN_SECONDS: Final = 10
_TRIES: Final = 6
GIVEN_UP_SECONDS: Final = _FIRST_SECONDS + _TRIES * _BETWEEN_SECONDS
"""After so long without a sign of the other end a connection fails: a walk between two antennas
takes less."""


async def watch_line(event: str, about: Mapping[str, Any]) -> None:
    """Take in one event of httpcore; a connection that was made is asked for signs of life."""
    if event != "connection.connect_tcp.complete":
        return
    line = about["return_value"].get_extra_info("socket")
    for level, option, value in _options():
        # Each is a help where the system has it; a proxy that is no socket has none.
        with suppress(OSError, AttributeError):
            line.setsockopt(level, option, value)


def _options() -> Iterator[tuple[int, int, int]]:
    """Yield what this system knows of keepalive: tcp(7) of Linux, tcp(4) of macOS, Winsock."""
    yield socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1
    named = (
        ("TCP_KEEPIDLE", _FIRST_SECONDS),
        # What macOS calls the same.
        ("TCP_KEEPALIVE", _FIRST_SECONDS),
        ("TCP_KEEPINTVL", _BETWEEN_SECONDS),
        ("TCP_KEEPCNT", _TRIES),
        # For what was sent and never arrived, in milliseconds; Linux alone.
        ("TCP_USER_TIMEOUT", GIVEN_UP_SECONDS * 1000),
    )
    for name, value in named:
        option = getattr(socket, name, None)
        if isinstance(option, int):
            yield socket.IPPROTO_TCP, option, value
