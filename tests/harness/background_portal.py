"""The portal that Flatpaks ask to start at login, as small as it can be: on a bus of the tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

_NAME = "org.freedesktop.portal.Desktop"
_PATH = "/org/freedesktop/portal/desktop"
_REQUEST = "org.freedesktop.portal.Request"


@dataclass
class BackgroundPortal:
    """What it is to answer, and what it was asked.

    `code` and `autostart` go into the response; None as `code` for an error instead. `is_quick`
    sends the response before the reply, `path_of_its_own` another path than the one asked for;
    `has_stranger` lets another program on the bus say no first.
    """

    address: str
    code: int | None = 0
    autostart: bool = True
    is_quick: bool = False
    path_of_its_own: bool = False
    has_stranger: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    def serve(self, bus: DBusConnection) -> None:
        """Answer until the connection goes."""
        while True:
            try:
                message = bus.receive()
            except (OSError, ValueError):
                return
            if message.header.message_type is not MessageType.method_call:
                continue
            if message.header.fields[HeaderFields.member] == "Quit":
                return
            self._answer(bus, message)

    def _answer(self, bus: DBusConnection, message: Message) -> None:
        fields = message.header.fields
        if self.code is None:
            bus.send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"))
            return
        if fields[HeaderFields.member] == "Get":
            bus.send(new_method_return(message, "v", (("u", 2),)))
            return
        _parent, options = message.body
        self.asked.append({name: value for name, (_kind, value) in options.items()})
        sender = fields[HeaderFields.sender].removeprefix(":").replace(".", "_")
        token = "own" if self.path_of_its_own else options["handle_token"][1]
        path = f"{_PATH}/request/{sender}/{token}"
        if self.has_stranger:
            with open_dbus_connection(self.address) as stranger:
                response = _response(path, 1, is_on=False)
                # To us alone: what is said to everybody is kept away by the bus.
                response.header.fields[HeaderFields.destination] = fields[HeaderFields.sender]
                stranger.send(response)
                # A call that comes back says that the signal before it was passed on.
                stranger.send_and_get_reply(message_bus.GetId())
        response = _response(path, self.code, is_on=self.autostart)
        if self.is_quick:
            bus.send(response)
        bus.send(new_method_return(message, "o", (path,)))
        if not self.is_quick:
            bus.send(response)


@contextmanager
def background_portal(address: str) -> Iterator[BackgroundPortal]:
    """Run one on the bus at `address`."""
    portal = BackgroundPortal(address)
    with open_dbus_connection(address) as bus:
        bus.send_and_get_reply(message_bus.RequestName(_NAME))
        thread = threading.Thread(target=portal.serve, args=(bus,), name="background-portal")
        thread.start()
        try:
            yield portal
        finally:
            with open_dbus_connection(address) as other:
                other.send(_quit())
                thread.join(10)


def _response(path: str, code: int, *, is_on: bool) -> Message:
    results = {"background": ("b", True), "autostart": ("b", is_on)}
    request = DBusAddress(path, interface=_REQUEST)
    return new_signal(request, "Response", "ua{sv}", (code, results))


def _quit() -> Message:
    from jeepney import new_method_call

    return new_method_call(DBusAddress(_PATH, _NAME, "org.example.Test"), "Quit")
