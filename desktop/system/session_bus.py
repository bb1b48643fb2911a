"""The desktop's session bus: where it is, and who is on it.

Source: D-Bus specification 0.42, "Server Addresses" and "Message Bus Messages". Linux and its
relatives; elsewhere there is no such bus. Any thread.
"""

import os
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

NONSENSE: Final = (
    AssertionError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What jeepney raises for bytes that are no message, and for values that cannot become one."""

PORTAL: Final = "org.freedesktop.portal.Desktop"
PORTAL_PATH: Final = "/org/freedesktop/portal/desktop"
REQUEST: Final = "org.freedesktop.portal.Request"
"""The desktop portal: its name, its object, and what a question to it is answered by later."""

_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Service:
    """Whom a call is for: an interface of the object at `path` of whoever owns `name`."""

    name: str
    path: str
    interface: str


@dataclass(frozen=True, slots=True)
class BusNames:
    """Names that somebody answers to, and names for which somebody would be started."""

    running: frozenset[str]
    startable: frozenset[str]

    def offers(self, name: str) -> bool:
        """Whether a message to `name` would reach anybody."""
        return name in self.running or name in self.startable


def session_names() -> BusNames | None:
    """Return the names on the session bus; None where there is none, or none that answers.

    Blocks for two seconds at most.
    """
    address = bus_address(os.environ)
    if address is None:
        return None
    try:
        from desktop.system.bus_calls import BUS, BusCalls, BusFault
    except ImportError:
        # Whoever examines a Lapis that lacks a library asks as well.
        return None
    try:
        with BusCalls(address, _SECONDS) as bus:
            running, startable = (
                frozenset(map(str, bus.call(BUS, member)[0]))
                for member in ("ListNames", "ListActivatableNames")
            )
    except (BusFault, LookupError, TypeError):
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
