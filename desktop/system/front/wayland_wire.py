"""A few words with a Wayland compositor over a connection of our own.

Qt's connection is told of selections only while a window of ours has the keyboard. After the Wayland
wire format: a message is the object's id, its length and opcode, then arguments in words of 32 bits.
Raises OSError where the compositor is gone, TimeoutError where it does not answer in time. One
thread at a time.
"""

import array
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Global", "Message", "Wire", "string"]

_DISPLAY: Final = 1
_SYNC, _GET_REGISTRY = 0, 1
_ERROR: Final = 0
_GLOBAL: Final = 0
_BIND: Final = 0
_WORD: Final = 4
_HEAD: Final = 8
_READ_BYTES: Final = 64 * 1024
_MOST_GLOBALS: Final = 500


@dataclass(frozen=True, slots=True)
class Message:
    """An event of an object; `words` are its arguments as they came."""

    sender: int
    opcode: int
    words: bytes

    @property
    def number(self) -> int:
        """The first argument, where that is a number or an object."""
        return struct.unpack_from("=I", self.words)[0] if len(self.words) >= _WORD else 0

    def text(self, at: int = 0) -> tuple[str, int]:
        """Return the string that begins at byte `at`, and where the next argument begins."""
        if len(self.words) < at + _WORD:
            return "", at
        (length,) = struct.unpack_from("=I", self.words, at)
        end = at + _WORD + length
        found = self.words[at + _WORD : max(at + _WORD, end - 1)]
        return found.decode("utf-8", "replace"), at + _WORD + _padded(length)


@dataclass(frozen=True, slots=True)
class Global:
    """Something that the compositor offers to everybody."""

    name: int
    interface: str
    version: int


class Wire:
    """One connection. Every wait ends at `until`, a moment of `time.monotonic`."""

    def __init__(self, environment: Mapping[str, str], until: float) -> None:
        """Connect to the compositor that `environment` names."""
        self._until = until
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._came = bytearray()
        self._last_id = _DISPLAY
        try:
            self._allow_the_rest()
            self._socket.connect(str(_address(environment)))
        except OSError:
            self._socket.close()
            raise

    def close(self) -> None:
        """End the connection; idempotent."""
        self._socket.close()

    def new_id(self) -> int:
        """Return a number for a new object."""
        self._last_id += 1
        return self._last_id

    def send(self, target: int, opcode: int, words: bytes, handed: int | None = None) -> None:
        """Send a request, with an open file handed over where it has one."""
        size = _HEAD + len(words)
        message = struct.pack("=II", target, size << 16 | opcode) + words
        with_it = [] if handed is None else [array.array("i", [handed])]
        self._allow_the_rest()
        self._socket.sendmsg(
            [message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, one) for one in with_it]
        )

    def round_trip(self) -> Iterator[Message]:
        """Yield all events up to the answer to a question that is asked now."""
        callback = self.new_id()
        self.send(_DISPLAY, _SYNC, struct.pack("=I", callback))
        while (message := self._next()).sender != callback:
            yield message

    def globals(self) -> tuple[int, list[Global]]:
        """Return the registry, and what the compositor offers."""
        registry = self.new_id()
        self.send(_DISPLAY, _GET_REGISTRY, struct.pack("=I", registry))
        found: list[Global] = []
        for message in self.round_trip():
            if (message.sender, message.opcode) == (registry, _GLOBAL):
                interface, after = message.text(_WORD)
                if len(found) < _MOST_GLOBALS and len(message.words) >= after + _WORD:
                    (version,) = struct.unpack_from("=I", message.words, after)
                    found.append(Global(message.number, interface, version))
        return registry, found

    def bind(self, registry: int, one: Global, version: int) -> int:
        """Return a new object for what is offered."""
        number = self.new_id()
        words = struct.pack("=I", one.name) + string(one.interface)
        self.send(registry, _BIND, words + struct.pack("=II", min(version, one.version), number))
        return number

    def _next(self) -> Message:
        while len(self._came) < _HEAD or len(self._came) < self._size():
            self._allow_the_rest()
            more = self._socket.recv(_READ_BYTES)
            if not more:
                raise ConnectionResetError
            self._came += more
        size = self._size()
        sender, opcode = struct.unpack_from("=IH", self._came)
        message = Message(sender, opcode, bytes(self._came[_HEAD:size]))
        del self._came[:size]
        if (message.sender, message.opcode) == (_DISPLAY, _ERROR):
            raise ConnectionAbortedError
        return message

    def _size(self) -> int:
        """Return the length of the message that comes next, as its head says."""
        (size,) = struct.unpack_from("=H", self._came, _HEAD - 2)
        if size < _HEAD:
            raise ConnectionAbortedError
        return int(size)

    def _allow_the_rest(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


def string(text: str) -> bytes:
    """Return `text` as an argument."""
    data = text.encode() + b"\0"
    return struct.pack("=I", len(data)) + data.ljust(_padded(len(data)), b"\0")


def _padded(length: int) -> int:
    return (length + _WORD - 1) // _WORD * _WORD


def _address(environment: Mapping[str, str]) -> Path:
    """Return the socket's path; a name that is no path lies in the folder of the session."""
    return Path(environment.get("XDG_RUNTIME_DIR", "/")) / environment.get("WAYLAND_DISPLAY", "")
