"""The connections of a client, known so that whoever waits for one can be woken. Any thread.

Closing a connection wakes no thread that waits for an answer; it would stay for 30 s. Shutting it
down does. httpcore tells of each in its `trace` extension, whose names of events these are.
"""

import socket
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from desktop.hub.responses import wake, was_closed

if TYPE_CHECKING:
    import httpcore

__all__ = ["Lines"]

Trace: TypeAlias = Callable[[str, Mapping[str, Any]], None]


class Lines:
    """All connections of a client, those that are being made among them."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._made: weakref.WeakSet[httpcore.NetworkStream] = weakref.WeakSet()
        self._greeting: set[socket.socket] = set()
        self._is_closed = False

    def watch(self) -> Trace:
        """Return what is to hear of the connection of one request; call it in no other thread."""
        return _Watch(self).hear

    def close(self) -> None:
        """Let everything fail that waits for a connection, or will."""
        with self._guard:
            self._is_closed = True
            made = list(self._made)
            for copy in self._greeting:
                # The guard is held, so nobody closes it meanwhile.
                with suppress(OSError):
                    copy.shutdown(socket.SHUT_RDWR)
        for line in made:
            wake(line)

    def add(self, line: "httpcore.NetworkStream") -> None:
        """Know `line`; raises NetworkError, with the line closed, where all is over."""
        with self._guard:
            is_closed = self._is_closed
            if not is_closed:
                self._made.add(line)
        if is_closed:
            line.close()
            raise was_closed()

    def begin(self, line: "httpcore.NetworkStream") -> socket.socket | None:
        """Keep hold of `line` while TLS is agreed on; raises as `add` does.

        Python's TLS takes the connection out of its socket, so that it can be reached by a second
        name only. None where TLS runs within TLS, which leaves the socket as it is.
        """
        plain = line.get_extra_info("socket")
        if type(plain) is not socket.socket:
            return None
        with self._guard:
            if not self._is_closed:
                copy = plain.dup()
                self._greeting.add(copy)
                return copy
        line.close()
        raise was_closed()

    def end(self, copy: socket.socket) -> None:
        """Let go of what `begin` has returned."""
        with self._guard:
            self._greeting.discard(copy)
            copy.close()


class _Watch:
    """The connection of one request, from its making on."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._line: httpcore.NetworkStream | None = None
        self._copy: socket.socket | None = None

    def hear(self, event: str, about: Mapping[str, Any]) -> None:
        """Take in one event of httpcore."""
        step = event.partition(".")[2]
        if step in {"start_tls.complete", "start_tls.failed"} and self._copy is not None:
            copy, self._copy = self._copy, None
            self._lines.end(copy)
        if step in {"connect_tcp.complete", "start_tls.complete"}:
            self._line = about["return_value"]
            self._lines.add(about["return_value"])
        elif step == "start_tls.started" and self._line is not None:
            self._copy = self._lines.begin(self._line)
