"""A service on a message bus of the tests that answers each method as it is told."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.bus_messages import message_bus as names
from jeepney.io.blocking import DBusConnection, open_dbus_connection

_UNKNOWN = "org.freedesktop.DBus.Error.UnknownMethod"


@contextmanager
def bus_service(
    address: str, name: str, answers: Mapping[str, tuple[str, tuple[Any, ...]] | None]
) -> Iterator[list[str]]:
    """Own `name` on the bus at `address`, and yield the methods that it was asked for so far.

    `answers` holds signature and body by method, None for no answer ever; others get an error.
    """
    asked: list[str] = []
    with open_dbus_connection(address) as own:
        own.send_and_get_reply(names.RequestName(name))
        thread = threading.Thread(target=_serve, args=(own, answers, asked), name=name)
        thread.start()
        try:
            yield asked
        finally:
            with open_dbus_connection(address) as other:
                quit_it = new_method_call(DBusAddress("/", name, "org.example.Test"), "Quit")
                other.send_and_get_reply(quit_it)
            thread.join(10)


def _serve(
    own: DBusConnection,
    answers: Mapping[str, tuple[str, tuple[Any, ...]] | None],
    asked: list[str],
) -> None:
    while True:
        message = own.receive()
        if message.header.message_type is not MessageType.method_call:
            continue
        member = message.header.fields[HeaderFields.member]
        if member == "Quit":
            own.send(new_method_return(message))
            return
        asked.append(member)
        if member not in answers:
            own.send(new_error(message, _UNKNOWN, "s", (f"no {member}",)))
            continue
        answer = answers[member]
        if answer is not None:
            own.send(new_method_return(message, *answer))
