"""The ways to all servers that are kept, and the loop that they are asked in. Any thread.

Neither is there before it is wanted.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from desktop.domain.connection import Connection, ServerKind
from desktop.domain.errors import LapisError, Unreachable
from desktop.hub.network import Network
from desktop.services.server_keys import ServerKeys

if TYPE_CHECKING:
    from desktop.backends.server_loop import ServerLoop
    from desktop.services.server_line import ServerLine

_CLOSE_SECONDS: Final = 2.0


class ServerLines:
    """One way to each server; close it at the end."""

    def __init__(self, network: Callable[[], Network], keys: ServerKeys) -> None:
        """Connect nothing."""
        self._network = network
        self._keys = keys
        self._guard = threading.Lock()
        self._loop: ServerLoop | None = None
        self._lines: dict[str, ServerLine] = {}
        self._is_closed = False

    def loop(self) -> "ServerLoop":
        """Return the loop; after the end it is a closed one."""
        from desktop.backends.server_loop import ServerLoop

        with self._guard:
            if self._loop is None:
                self._loop = ServerLoop()
                if self._is_closed:
                    self._loop.close()
            return self._loop

    def to(self, connection: Connection) -> "ServerLine":
        """Return the one way to a kept server."""
        key = connection.name.casefold()
        with self._guard:
            old = line = self._lines.get(key)
            if line is None or _place_of(line.connection) != _place_of(connection):
                line = self._lines[key] = self.new(connection, None)
            line.connection = connection
        if old is not line:
            self._retire(old)
        return line

    def new(self, connection: Connection, key: str | None) -> "ServerLine":
        """Return a way to a server that need not be kept; None is the key that is kept for it."""
        from desktop.services.server_line import ServerLine

        return ServerLine(connection, self._network, self._keys, key)

    def drop(self, name: str) -> None:
        """Have no way any more to the server of that name."""
        with self._guard:
            line = self._lines.pop(name.casefold(), None)
        self._retire(line)

    def close(self) -> None:
        """End what is under way, and all connections; idempotent."""
        with self._guard:
            self._is_closed = True
            loop, self._loop = self._loop, None
            lines, self._lines = list(self._lines.values()), {}
        if loop is None:
            return
        for line in lines:
            with suppress(LapisError):
                loop.run(line.close(), _CLOSE_SECONDS)
        loop.close()

    def _retire(self, line: "ServerLine | None") -> None:
        """Let what is under way go on with a server that is no longer there, or elsewhere now."""
        with self._guard:
            loop = self._loop
        if line is not None and loop is not None:
            with suppress(Unreachable):  # Lapis ends
                loop.start(line.retire())


def _place_of(connection: Connection) -> tuple[ServerKind, str, int | None]:
    return connection.kind, connection.address, connection.keep_minutes
