"""Who is on the desktop's session bus: a question of two messages, without a D-Bus library.

Written after the D-Bus specification 0.42 ("Message Protocol", "Authentication Protocol"): a login
as the owner of this process, then `ListNames` and `ListActivatableNames`. Blocks for two seconds
at most; any thread. Linux and its relatives; elsewhere there is no such bus.
"""

import os
import re
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

_SECONDS: Final = 2.0
_LARGEST: Final = 4 * 1024 * 1024
_BUS: Final = "org.freedesktop.DBus"
_CALL, _RETURN, _ERROR = 1, 2, 3
_HEAD: Final = 16
# Header fields by number and type: path, interface, member, destination.
_FIELDS: Final = ((1, "o"), (2, "s"), (3, "s"), (6, "s"))


@dataclass(frozen=True, slots=True)
class BusNames:
    """Names that somebody answers to, and names for which somebody would be started."""

    running: frozenset[str]
    startable: frozenset[str]

    def offers(self, name: str) -> bool:
        """Whether a message to `name` would reach anybody."""
        return name in self.running or name in self.startable


def session_names() -> BusNames | None:
    """Return the names on the session bus; None where there is none, or none that answers."""
    address = bus_address(os.environ)
    if address is None or not hasattr(socket, "AF_UNIX"):
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bus:
        bus.settimeout(_SECONDS)
        try:
            bus.connect(address)
            _log_in(bus)
            _ask(bus, 1, "Hello")
            running = _strings(*_ask(bus, 2, "ListNames"))
            startable = _strings(*_ask(bus, 3, "ListActivatableNames"))
        except (OSError, ValueError, struct.error):
            return None
    return BusNames(running, startable)


def bus_address(environment: Mapping[str, str]) -> bytes | None:
    """Return the socket of the bus: a path, or a name that begins with a null byte."""
    for address in environment.get("DBUS_SESSION_BUS_ADDRESS", "").split(";"):
        found = re.match(r"unix:(?:.*,)?(path|abstract)=([^,]*)", address)
        if found:
            name = unquote_to_bytes(found[2])
            return b"\0" + name if found[1] == "abstract" else name
    usual = Path(environment.get("XDG_RUNTIME_DIR") or "/nowhere") / "bus"
    return os.fsencode(usual) if usual.exists() else None


def _log_in(bus: socket.socket) -> None:
    who = str(os.getuid()).encode().hex()
    bus.sendall(f"\0AUTH EXTERNAL {who}\r\n".encode())
    answer = b""
    while not answer.endswith(b"\r\n"):
        answer += _exactly(bus, 1)
        if len(answer) > 512:
            raise ValueError("no end of line")
    if not answer.startswith(b"OK "):
        raise ValueError("refused")
    bus.sendall(b"BEGIN\r\n")


def _ask(bus: socket.socket, serial: int, member: str) -> tuple[bytes, str]:
    """Call a method of the bus itself; return the body of its answer and its byte order."""
    fields = b""
    for (number, kind), value in zip(
        _FIELDS, ("/org/freedesktop/DBus", _BUS, member, _BUS), strict=True
    ):
        fields += bytes(-len(fields) % 8)
        text = value.encode()
        fields += struct.pack("<BB2sI", number, 1, f"{kind}\0".encode(), len(text)) + text + b"\0"
    head = struct.pack("<BBBBIII", ord("l"), _CALL, 0, 1, 0, serial, len(fields))
    bus.sendall(head + fields + bytes(-len(fields) % 8))
    while True:
        head = _exactly(bus, _HEAD)
        order = {ord("l"): "<", ord("B"): ">"}[head[0]] if head[0] in b"lB" else ""
        if not order:
            raise ValueError("no message")
        body, _serial, rest = struct.unpack(f"{order}III", head[4:])
        if body + rest > _LARGEST:
            raise ValueError("too long")
        _exactly(bus, rest + -rest % 8)
        content = _exactly(bus, body)
        # One call at a time: the first answer is ours. Signals come in between.
        if head[1] == _ERROR:
            raise ValueError("an error")
        if head[1] == _RETURN:
            return content, order


def _strings(body: bytes, order: str) -> frozenset[str]:
    """Return an array of strings."""
    (length,) = struct.unpack_from(f"{order}I", body)
    found, place = set(), 4
    while place < 4 + length:
        place += -place % 4
        (size,) = struct.unpack_from(f"{order}I", body, place)
        found.add(body[place + 4 : place + 4 + size].decode(errors="replace"))
        place += 4 + size + 1
    return frozenset(found)


def _exactly(bus: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        piece = bus.recv(count - len(content))
        if not piece:
            raise ValueError("the bus hung up")
        content += piece
    return content
