"""A connection to the X server, for looking at windows of other programs and waiting with a bound.

Raises what xcffib raises: `xcffib.Error` where the server refuses, another `XcffibException` where
the connection is lost. One thread at a time.
"""

import select
import struct
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import xcffib
from xcffib.xproto import GetPropertyType

__all__ = ["Display", "Event", "Property"]

Event: TypeAlias = Any
"""An event of `xcffib.xproto`: that library carries no types."""

_SHORT: Final = 4096
_MOST_ABANDONED: Final = 16


@dataclass(frozen=True, slots=True)
class Property:
    """What stands in a property: type (0: there is none) and bytes; `rest` were not read."""

    kind: int
    data: bytes
    rest: int

    @property
    def number(self) -> int:
        """Its first number; 0 if it has none."""
        return struct.unpack_from("=I", self.data)[0] if len(self.data) >= 4 else 0


class Asked:
    """A property that was asked for. Several are asked for before the first one is waited for."""

    def __init__(self, connection: Any, sequence: int) -> None:
        """Take the number of the request."""
        self._connection = connection
        self._sequence = sequence

    def get(self) -> Property:
        """Wait for it. The library would make an object of each byte."""
        reply = self._connection.wait_for_reply(self._sequence)
        width, kind, rest, count = reply.unpack("=xB2x4xIII12x")
        (data,) = reply.unpack(f"={count * width // 8}s")
        return Property(kind, data, rest)


class Display:
    """One connection; `root` is the root window of its screen."""

    def __init__(self, name: str) -> None:
        """Connect to the display `name`, as in the variable DISPLAY."""
        self.connection: Any = xcffib.connect(display=name)
        self.core: Any = self.connection.core
        self.setup: Any = self.connection.setup
        self.root: int = self.setup.roots[self.connection.pref_screen].root
        self._atoms: dict[str, int] = {}
        self._abandoned: deque[int] = deque()
        self._poll = select.poll()
        self._poll.register(self.connection.get_file_descriptor(), select.POLLIN)

    def atoms(self, *names: str) -> tuple[int, ...]:
        """Return the numbers of `names`, asked for together and once."""
        asked = {
            name: self.core.InternAtom(only_if_exists=False, name_len=len(name), name=name)
            for name in names
            if name not in self._atoms
        }
        self._atoms |= {name: cookie.reply().atom for name, cookie in asked.items()}
        return tuple(self._atoms[name] for name in names)

    def atom_names(self, atoms: tuple[int, ...]) -> tuple[str, ...]:
        """Return what `atoms` are called."""
        asked = [self.core.GetAtomName(atom) for atom in atoms]
        return tuple(cookie.reply().name.to_string() for cookie in asked)

    def ask(self, window: int, atom: int, limit: int = _SHORT) -> Asked:
        """Ask for the first `limit` bytes of a property."""
        cookie = self.core.GetProperty(
            delete=False,
            window=window,
            property=atom,
            type=GetPropertyType.Any,
            long_offset=0,
            long_length=limit // 4,
        )
        return Asked(self.connection, cookie.sequence)

    def is_one_program(self, window: int, other: int) -> bool:
        """Return whether both were made over one connection: ids carry their client's number."""
        mask = self.setup.resource_id_mask
        return bool(window | mask == other | mask)

    def event(self, until: float) -> Event | None:
        """Return the next event; None if none came before `until` (`time.monotonic`)."""
        while True:
            event = self.connection.poll_for_event()
            left = until - time.monotonic()
            if event is not None or left <= 0:
                return event
            self._poll.poll(left * 1000)

    def abandon(self, window: int) -> None:
        """Leave a window of ours to a program that may still write into it. The oldest ones go."""
        self._abandoned.append(window)
        if len(self._abandoned) > _MOST_ABANDONED:
            self.core.DestroyWindow(self._abandoned.popleft())
            self.connection.flush()

    def close(self) -> None:
        """End the connection; idempotent."""
        self.connection.disconnect()
