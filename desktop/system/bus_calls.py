"""Calls over a message bus that come back in time, whatever the other end says or leaves unsaid.

jeepney makes and reads the messages; its own connection waits for a bus that hangs for ever.
Imported when there is something to ask, for jeepney's sake. Blocks; one thread at a time.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, Final, Self

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageFlag,
    MessageType,
    Parser,
    new_method_call,
)
from jeepney.io.blocking import prep_socket

from desktop.system.session_bus import NONSENSE, Service

__all__ = ["BUS", "BusCalls", "BusFault", "CallRefused", "Heard"]

_CHUNK: Final = 65536
_LARGEST: Final = 4 * 1024 * 1024
"""Bytes of one message."""
_MOST_HEARD: Final = 64


class BusFault(Exception):
    """The bus is not there, does not answer in time, or speaks no D-Bus."""


class CallRefused(BusFault):
    """Whoever was asked answered with an error; its words, or else its name, are the message."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody announced; `sender` is the unique name of whom."""

    sender: str
    path: str
    interface: str
    member: str
    body: tuple[Any, ...]


BUS: Final = Service("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


class BusCalls:
    """One connection, for as long as the block lasts; all of it ends within the seconds given."""

    def __init__(self, address: bytes, seconds: float) -> None:
        """Connect to the socket `address` and log in; raises BusFault."""
        self._until = time.monotonic() + seconds
        self._parser = Parser()
        self._serials = count(1)
        self._heard: deque[Heard] = deque(maxlen=_MOST_HEARD)
        try:
            self._socket = prep_socket(address, timeout=seconds)
        except (OSError, ValueError) as error:
            raise BusFault(str(error)) from error
        try:
            self.call(BUS, "Hello")
        except BusFault:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; idempotent."""
        self._socket.close()

    def call(
        self,
        service: Service,
        member: str,
        signature: str = "",
        body: Sequence[Any] = (),
        *,
        seconds: float | None = None,
        starts: bool = True,
    ) -> tuple[Any, ...]:
        """Return the answer to a call; raises CallRefused for an error, else BusFault.

        `seconds` beside those of the connection; `starts`: whether a service may be started for it.
        """
        address = DBusAddress(service.path, service.name, service.interface)
        until = self._until if seconds is None else min(self._until, time.monotonic() + seconds)
        serial = next(self._serials)
        try:
            message = new_method_call(address, member, signature or None, tuple(body))
            if not starts:
                message.header.flags = MessageFlag.no_auto_start
            self._send(message.serialise(serial=serial), until)
        except NONSENSE as error:
            raise BusFault(str(error)) from error
        while True:
            answer = self._next(until)
            fields = answer.header.fields
            if fields.get(HeaderFields.reply_serial) == serial:
                break
            self._keep(answer)
        if answer.header.message_type is MessageType.error:
            said = answer.body[0] if answer.body and isinstance(answer.body[0], str) else ""
            raise CallRefused(said or str(fields.get(HeaderFields.error_name)))
        return tuple(answer.body)

    def heard(self) -> Heard:
        """Return the next announcement, the oldest of the last ones first; raises BusFault."""
        while not self._heard:
            self._keep(self._next(self._until))
        return self._heard.popleft()

    def _keep(self, message: Message) -> None:
        if message.header.message_type is MessageType.signal:
            sender, path, interface, member = (
                str(message.header.fields.get(field, ""))
                for field in (
                    HeaderFields.sender,
                    HeaderFields.path,
                    HeaderFields.interface,
                    HeaderFields.member,
                )
            )
            self._heard.append(Heard(sender, path, interface, member, tuple(message.body)))

    def _send(self, data: bytes, until: float) -> None:
        try:
            self._socket.settimeout(_left(until))
            self._socket.sendall(data)
        except OSError as error:
            raise BusFault(str(error)) from error

    def _next(self, until: float) -> Message:
        try:
            while (message := self._parser.get_next_message()) is None:
                if self._parser.bytes_desired() > _LARGEST:
                    raise BusFault("a message that is too long")
                self._socket.settimeout(_left(until))
                data = self._socket.recv(_CHUNK)
                if not data:
                    raise BusFault("the bus hung up")
                self._parser.add_data(data)
        except (OSError, *NONSENSE) as error:
            raise BusFault(str(error)) from error
        return message


def _left(until: float) -> float:
    """Return the seconds until then; raises BusFault where there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise BusFault("no answer in time")
    return left
