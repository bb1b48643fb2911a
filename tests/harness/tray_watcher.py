"""Says on a session bus that somebody shows tray icons, so that Lapis needs no window. Shows none."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

_NAME = "org.kde.StatusNotifierWatcher"
_PATH = "/StatusNotifierWatcher"


@contextmanager
def tray_watcher(address: str) -> Iterator[None]:
    """Run one on the bus at `address`."""
    with open_dbus_connection(address) as bus:
        bus.send_and_get_reply(message_bus.RequestName(_NAME))
        thread = threading.Thread(target=_serve, args=(bus,), name="tray-watcher")
        thread.start()
        try:
            yield
        finally:
            with open_dbus_connection(address) as other:
                other.send(new_method_call(DBusAddress(_PATH, _NAME, "org.example.Test"), "Quit"))
                thread.join(10)


def _serve(bus: DBusConnection) -> None:
    while True:
        message = bus.receive()
        if message.header.message_type is not MessageType.method_call:
            continue
        member = message.header.fields[HeaderFields.member]
        if member == "Quit":
            return
        if member == "Get":
            bus.send(new_method_return(message, "v", (("b", True),)))
        elif member == "GetAll":
            has_host = {"IsStatusNotifierHostRegistered": ("b", True)}
            bus.send(new_method_return(message, "a{sv}", (has_host,)))
        else:
            bus.send(new_method_return(message))
